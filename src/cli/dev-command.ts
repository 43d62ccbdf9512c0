/**
 * `odradek dev`: a whole cluster in this process, with nothing to configure, until ctrl-C.
 *
 * Nodes are those of `odradek server`, over real ports and a real disk; they only share a process. Read next:
 * dev-plan.ts (what is run), real-node.ts.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { NodeClock } from '../adapters/node-clock.ts';
import { FaultError } from '../base/fault-error.ts';
import type { RunningNode } from '../node/start-node.ts';
import { delay } from '../ports/clock.ts';
import { CliError } from './cli-error.ts';
import { planDev, type DevOptions } from './dev-plan.ts';
import { devWelcome } from './dev-welcome.ts';
import { explainFault } from './explain-fault.ts';
import { openRealNode } from './real-node.ts';
import { nodeConfigOf, settingsOf } from './server-settings.ts';
import { StopSignals } from './stop-signals.ts';
import type { Terminal } from './terminal.ts';

const lookMs = 5;

export async function runDev(options: DevOptions, terminal: Terminal): Promise<void> {
  const isEphemeral = options.ephemeral === true;
  const dataPath = isEphemeral ? temporaryFolder() : options.data;
  const nodes = planDev(options, dataPath, isEphemeral ? [] : namesIn(dataPath)).map(({ settings }) => {
    const { values } = settingsOf([settings]);
    return { values, config: nodeConfigOf(values) };
  });
  const signals = new StopSignals();
  const endpoints = nodes.map(({ config }) => config.apiListen);
  let ready = 0;
  try {
    await Promise.all(
      nodes.map(({ values, config }) =>
        openRealNode({
          config,
          dataFolder: resolve(values['data.path']),
          logLevel: values['log.level'],
          terminal,
          asPretty: terminal.isInteractive,
          whileServing: async (node) => {
            const stopped = signals.untilFirst().then(() => node.stop(config.stopGraceMs));
            await untilTakesPart(node);
            ready += 1;
            if (ready === nodes.length)
              terminal.out(devWelcome({ version: config.version, endpoints, dataPath, isEphemeral, terminal }));
            await stopped;
          },
        }),
      ),
    );
  } catch (fault) {
    if (!(fault instanceof FaultError)) throw fault;
    throw new CliError(explainFault(fault, { dataPath, endpoints, otherPorts: '--port 8091' }), fault);
  }
}

/** What the welcome says to type would meet a refusal before. */
async function untilTakesPart(node: RunningNode): Promise<void> {
  const clock = new NodeClock();
  while (!node.takesPart) await delay(clock, lookMs);
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    // Missing, or not readable: whoever opens it says which, and what to do.
    return [];
  }
}

/** Gone when the process is, however it ends. */
function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'odradek-dev-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
