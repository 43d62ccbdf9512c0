/**
 * `odradek server`: a node on the real world, from its settings to its last signal.
 * Read next: stop-signals.ts, real-node.ts.
 */
import { resolve } from 'node:path';
import { FaultError } from '../base/fault-error.ts';
import type { RunningNode } from '../node/start-node.ts';
import { CliError } from './cli-error.ts';
import { explainFault } from './explain-fault.ts';
import { openRealNode, type EmitInfo } from './real-node.ts';
import { printSettings } from './resolve-settings.ts';
import { nodeConfigOf, resolveServerSettings, type ServerOptions } from './server-settings.ts';
import { serverWelcome } from './server-welcome.ts';
import { StopSignals } from './stop-signals.ts';
import type { Terminal } from './terminal.ts';

const otherPorts = '--set api.listen=127.0.0.1:8081 --set peer.listen=127.0.0.1:8181';

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
    const scene = { dataPath, endpoints: [config.apiListen, config.peerListen], otherPorts };
    throw new CliError(explainFault(fault, scene), fault);
  }
}

async function untilStopped(
  node: RunningNode,
  { signals, graceMs, emit }: { signals: StopSignals; graceMs: number; emit: EmitInfo },
): Promise<void> {
  const signal = await signals.untilFirst();
  emit('the node stops', { signal, graceMs });
  await node.stop(graceMs);
  emit('the node has stopped', {});
}
