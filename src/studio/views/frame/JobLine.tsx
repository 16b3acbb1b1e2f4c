import { Progress } from "radix-ui";
import type { Progress as Done } from "../../../engine/model/job.ts";
import { count, significant } from "../../../engine/values/figures.ts";
import { countdown } from "../../../engine/values/units.ts";
import { cancelJob, pace } from "../../state/jobs.ts";
import { useWork } from "../../state/useStudio.ts";
import "./JobLine.css";

/** What runs, on what, how far it is, how fast, how long still, and the way to stop it. */
export function JobLine() {
  const job = useWork((work) => work.job);
  if (!job) return null;
  const { progress } = job;
  const speed = pace(job);
  const share = progress && progress.total > 0 ? (progress.done / progress.total) * 100 : null;
  const task = progress?.task ?? job.task;
  return (
    <div className="job" data-testid="job">
      <span className="job-task">
        {job.cancelling ? "Cancelling" : task}{" "}
        <span className="job-on">{progress?.part ? partText(progress.part) : job.on}</span>
      </span>
      <Progress.Root className="job-bar" value={share} aria-label={task}>
        <Progress.Indicator
          className={share === null ? "job-done unknown" : "job-done"}
          style={share === null ? undefined : { width: `${share}%` }}
        />
      </Progress.Root>
      <span className="job-figures" data-testid="job-progress">
        {progress && (progress.total > 0 || progress.done > 0) ? doneText(progress) : ""}
      </span>
      <span className="job-figures" data-testid="job-pace">
        {speed && progress && progress.total > 0 ? paceText(speed, progress.unit) : ""}
      </span>
      <button type="button" className="button" onClick={cancelJob} disabled={job.cancelling}>
        Cancel
      </button>
    </div>
  );
}

/** What of the task is at hand. */
function partText(part: NonNullable<Done["part"]>): string {
  return part.total > 0 ? `${part.task} ${doneText(part)}` : part.task;
}

function doneText({ done, total, unit }: Done): string {
  if (total === 0) return `${count(done)} ${unit}`;
  return unit === "%" ? `${count(done)} %` : `${count(done)}/${count(total)} ${unit}`;
}

/** Steps take as long as they take; of a share only the time that is left says something. */
function paceText({ rate, left }: NonNullable<ReturnType<typeof pace>>, unit: string): string {
  if (unit === "steps") return "";
  return unit === "%" ? `${countdown(left)} left` : `${significant(rate)} ${unit}/s, ${countdown(left)} left`;
}
