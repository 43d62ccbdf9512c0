/**
 * `odradek server`: a node on the real world, from its settings to its last signal.
 *
 * The first SIGTERM or SIGINT lets open calls end within stop.grace; a second one ends the process at once, as does
 * the first one before the node serves: nobody waits for it then, and whatever it was doing survives a crash.
 */
import { resolve } from 'node:path';
import { FaultError } from '../base/fault-error.ts';
import type { RunningNode } from '../node/start-node.ts';
import { CliError } from './cli-error.ts';
import { explainFault } from './explain-fault.ts';
import { openRealNode } from './real-node.ts';
import { printSettings } from './resolve-settings.ts';
import { nodeConfigOf, resolveServerSettings, type ServerOptions } from './server-settings.ts';
import { serverWelcome } from './server-welcome.ts';
import type { Terminal } from './terminal.ts';

export async function runServer(options: ServerOptions, terminal: Terminal): Promise<void> {
  const { values, settings } = await resolveServerSettings(options);
  if (options.printConfig === true) {
    terminal.out(printSettings(settings));
    return;
  }
  const config = nodeConfigOf(values);
  const signals = new StopSignals();
  const dataPath = values['data.path'];
  const asPretty = values['log.format'] === 'pretty' || (values['log.format'] === 'auto' && terminal.isInteractive);
  try {
    await openRealNode({
      config,
      dataFolder: resolve(dataPath),
      logLevel: values['log.level'],
      terminal,
      asPretty,
      whileServing: (node, emit) => {
        if (asPretty) terminal.out(serverWelcome({ config, dataPath, apiEndpoint: node.apiEndpoint, terminal }));
        return untilStopped(node, { signals, graceMs: config.stopGraceMs, emit });
      },
    });
  } catch (fault) {
    if (!(fault instanceof FaultError)) throw fault;
    const scene = { dataPath, endpoints: [config.apiListen, config.peerListen] };
    throw new CliError(explainFault(fault, scene), fault);
  }
}

const signalNumbers = { SIGINT: 2, SIGTERM: 15 } as const;
type StopSignal = keyof typeof signalNumbers;

/** Catches signals from its making on; a process that is the first of its container would not hear them otherwise. */
class StopSignals {
  #onFirst: ((signal: StopSignal) => void) | undefined;

  constructor() {
    process.on('SIGTERM', (signal) => this.#onSignal(signal as StopSignal));
    process.on('SIGINT', (signal) => this.#onSignal(signal as StopSignal));
  }

  onFirst(stop: (signal: StopSignal) => void): void {
    this.#onFirst = stop;
  }

  #onSignal(signal: StopSignal): void {
    const stop = this.#onFirst;
    this.#onFirst = undefined;
    if (stop === undefined) process.exit(128 + signalNumbers[signal]);
    stop(signal);
  }
}

interface Stopping {
  readonly signals: StopSignals;
  readonly graceMs: number;
  readonly emit: (sentence: string, facts: Readonly<Record<string, unknown>>) => void;
}

function untilStopped(node: RunningNode, { signals, graceMs, emit }: Stopping): Promise<void> {
  return new Promise((resolveStopped, reject) => {
    signals.onFirst((signal) => {
      emit('the node stops', { signal, graceMs });
      node.stop(graceMs).then(() => {
        emit('the node has stopped', {});
        resolveStopped();
      }, reject);
    });
  });
}
