import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { hostname, tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { until } from "../browsers/driver.ts";
import { finished } from "../docs/copy.ts";

const PROGRAMS = ["munged", "slurmctld", "slurmd", "sbatch"];
const PATHS = `${process.env.PATH}:/usr/sbin`;
const CPUS = 2;

/** A task of a job array, or a job that is none, as the cluster has it. */
export interface Task {
  readonly job: string;
  readonly name: string;
  readonly state: string;
}

/** Slurm with one node of two CPUs, this machine: its daemons run as whoever starts them, in a folder of their own. */
export interface Cluster {
  /** Slurm's version, as it says itself. */
  readonly label: string;
  /** What its commands need in their environment. */
  readonly settings: Readonly<Record<string, string>>;
  /** Those that wait, run or end. */
  tasks(): Promise<readonly Task[]>;
  /** Kills a task that runs and the daemon of its node, as when a machine is lost, and starts the daemon again, which does not know the task. */
  lose(task: Task): Promise<void>;
  /** How often a task was started again. */
  restarts(task: Task): Promise<number>;
  stop(): Promise<void>;
}

/** Why no cluster can be started here; null where one can. */
export function slurmMissing(): string | null {
  const missing = PROGRAMS.filter((program) => {
    try {
      execFileSync("sh", ["-c", `command -v ${program}`], { env: { PATH: PATHS }, stdio: "ignore" });
      return false;
    } catch {
      return true;
    }
  });
  if (missing.length === 0) return null;
  return `There is no ${missing.join(", ")} here (Debian: apt-get install slurm-wlm munge), so that no cluster can be started.`;
}

/** Starts munge, the controller and the node. Throws what they say where they do not start. */
export async function startCluster(): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), "octet-slurm-"));
  const at = (name: string) => join(folder, name);
  // Munge wants a way to its socket for everyone.
  chmodSync(folder, 0o711);
  for (const name of ["state", "spool"]) mkdirSync(at(name));
  writeFileSync(at("munge.key"), randomBytes(128), { mode: 0o600 });
  writeFileSync(at("slurm.conf"), configuration(at, await freePorts(2)));
  const settings = { SLURM_CONF: at("slurm.conf"), PATH: PATHS };
  const run = (...words: readonly string[]) => finished({ words, settings, at: folder });
  const pid = (daemon: string) => Number(readFileSync(at(`${daemon}.pid`), "utf8"));

  const munge = ["key", "socket", "pid", "seed", "log"].map((kind) => {
    return `--${kind}${kind === "socket" ? "" : "-file"}=${at(`munge${kind === "pid" ? "d" : ""}.${kind}`)}`;
  });
  const startNode = async () => {
    await run("slurmd", "-f", at("slurm.conf"));
    await until("a node that takes jobs", async () => {
      return /^(?:idle|mix|alloc)/.test(await run("sinfo", "--noheader", "--format=%T").catch(() => ""));
    });
  };
  const stopDaemons = async () => {
    for (const daemon of ["slurmd", "slurmctld", "munged"].filter((name) => existsSync(at(`${name}.pid`)))) {
      const id = pid(daemon);
      process.kill(id, "SIGTERM");
      await gone(id);
    }
    rmSync(folder, { recursive: true });
  };
  try {
    await run("munged", ...munge);
    await run("slurmctld", "-f", at("slurm.conf"));
    await startNode();
  } catch (error) {
    await stopDaemons();
    throw error;
  }

  const tasks = async () => {
    const lines = (await run("squeue", "--noheader", "--array", "--format=%A %j %T")).trim().split("\n");
    return lines.filter((line) => line !== "").map(taskOf);
  };
  return {
    label: (await run("sbatch", "--version")).trim(),
    settings,
    tasks,
    async lose({ job }) {
      const processes = [...(await run("scontrol", "listpids", job)).matchAll(/^(\d+) /gm)].map(([, id]) => Number(id));
      const guards = new Set(processes.map(parentOf).filter((id) => !processes.includes(id)));
      const node = pid("slurmd");
      for (const id of [node, ...guards, ...processes]) process.kill(id, "SIGKILL");
      await gone(node);
      await startNode();
      await run("scontrol", "reconfigure");
      await until("a lost task that waits to run again", async () => {
        return (await tasks()).find((task) => task.job === job)?.state === "PENDING";
      });
      // Slurm lets it wait for two minutes.
      await run("scontrol", "update", `JobId=${job}`, "StartTime=now");
    },
    async restarts({ job }) {
      return Number(/Restarts=(\d+)/.exec(await run("scontrol", "show", "job", job))?.[1]);
    },
    async stop() {
      await run("scancel", `--user=${userInfo().username}`);
      await until("the end of all jobs", async () => (await tasks()).length === 0);
      await stopDaemons();
    },
  };
}

function configuration(at: (name: string) => string, [controller, node]: readonly number[]): string {
  const user = userInfo().username;
  const name = hostname().split(".")[0];
  return [
    "ClusterName=octet",
    `SlurmctldHost=${name}(127.0.0.1)`,
    `SlurmctldPort=${controller}`,
    `SlurmdPort=${node}`,
    `SlurmUser=${user}`,
    `SlurmdUser=${user}`,
    "AuthType=auth/munge",
    `AuthInfo=socket=${at("munge.socket")}`,
    "CredType=cred/munge",
    `StateSaveLocation=${at("state")}`,
    `SlurmdSpoolDir=${at("spool")}`,
    ...["slurmctld", "slurmd"].flatMap((daemon) => {
      const named = daemon === "slurmd" ? "Slurmd" : "Slurmctld";
      return [`${named}PidFile=${at(`${daemon}.pid`)}`, `${named}LogFile=${at(`${daemon}.log`)}`];
    }),
    "SelectType=select/cons_tres",
    "SelectTypeParameters=CR_Core",
    "ProctrackType=proctrack/linuxproc",
    "TaskPlugin=task/none",
    "SwitchType=switch/none",
    "JobAcctGatherType=jobacct_gather/none",
    "AccountingStorageType=accounting_storage/none",
    "MpiDefault=none",
    "ReturnToService=2",
    "BatchStartTimeout=1",
    "SlurmdParameters=config_overrides",
    `NodeName=${name} NodeAddr=127.0.0.1 CPUs=${CPUS} State=UNKNOWN`,
    "PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP",
    "",
  ].join("\n");
}

async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => new Promise((resolve) => server.once("listening", resolve))));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

function taskOf(line: string): Task {
  const [job = "", name = "", state = ""] = line.trim().split(" ");
  return { job, name, state };
}

const parentOf = (id: number) => Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${id}/status`, "utf8"))?.[1]);

const gone = (id: number) =>
  until(`the end of process ${id}`, async () => {
    try {
      process.kill(id, 0);
      return false;
    } catch {
      return true;
    }
  });
