/**
 * `odradek server`: a node on the real world, from its settings to its last signal.
 *
 * The first SIGTERM or SIGINT lets open calls end within stop.grace; a second one ends the process at once.
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
        return untilStopped(node, config.stopGraceMs, emit);
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

function untilStopped(
  node: RunningNode,
  graceMs: number,
  emit: (sentence: string, facts: Readonly<Record<string, unknown>>) => void,
): Promise<void> {
  return new Promise((resolveStopped, reject) => {
    let isStopping = false;
    const onSignal = (signal: StopSignal): void => {
      if (isStopping) process.exit(128 + signalNumbers[signal]);
      isStopping = true;
      emit('the node stops', { signal, graceMs });
      node.stop(graceMs).then(() => {
        emit('the node has stopped', {});
        resolveStopped();
      }, reject);
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}
