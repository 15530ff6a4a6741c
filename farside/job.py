"""State of a job of the service, as the service tells it and its client reads it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

JobState: TypeAlias = Literal["queued", "running", "done", "failed"]

JOB_STATES: tuple[JobState, ...] = ("queued", "running", "done", "failed")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class JobProgress(_Part):
    """Progress of a running job."""

    stage: str = Field(
        description="Stage of the work: fetch, read, register, encode, infer, decode or write."
    )
    done: int = Field(ge=0, description="Parts of the stage that are done, such as tiles.")
    parts: int = Field(ge=0, description="All parts of the stage; 0 if it has no parts.")


class JobFailure(_Part):
    """Why a job failed: as in the error of a request."""

    error: str = Field(description="What is wrong, got and expected.")
    type: str = Field(description="Class of farside.errors.")
    files: tuple[str, ...] = Field(description="By instrument, band and time, or by name.")


class JobStatus(_Part):
    """State of one job."""

    id: str = Field(description="Name of the job; whoever knows it may read and cancel it.")
    state: JobState
    position: int | None = Field(description="Place in the queue from 1, while it waits.")
    progress: JobProgress | None = Field(description="While it runs.")
    failure: JobFailure | None = Field(description="Why it failed.")
    created: datetime = Field(description="When it was taken, UTC.")
    started: datetime | None = Field(description="When its present run began, UTC.")
    ended: datetime | None = Field(description="When it was done or had failed, UTC.")
    expires: datetime | None = Field(description="Until when its result is kept, UTC.")
    request_id: str = Field(description="Under which the log of the service tells of it.")

    @property
    def is_over(self) -> bool:
        """Whether it is done or has failed."""
        return self.state in ("done", "failed")
