import { expect, test } from 'vitest';
import { assert } from '../../src/base/assert.ts';
import type { NodeConfig } from '../../src/node/node-config.ts';
import { startVoter } from '../../src/node/start-voter.ts';
import { nodeId } from '../../src/base/ids.ts';
import { callUnary } from '../../src/ports/unary.ts';
import { factMethods } from '../../src/quorum/fact-service.ts';
import type { ProcessPorts } from '../../src/simulation/simulated-process.ts';
import { Simulation } from '../../src/simulation/simulation.ts';
import {
  changeFactReplyCodec,
  changeFactRequestCodec,
  getFactReplyCodec,
  getFactRequestCodec,
} from '../../src/wire/fact-service-messages.ts';

test('a fact that was changed is found, and a repeated change is the same change', async () => {
  const simulation = new Simulation({ seed: 1 });
  const problems: unknown[] = [];
  const config: NodeConfig = {
    ...defaults,
    nodeId: nodeId(1),
    peerListen: 'n1:7181',
    apiListen: 'n1:7081',
    voters: [],
  };
  simulation.addProcess('n1', async (ports) => {
    await startVoter({ ports, config, apiEndpoint: 'n1:7081', onFatal: (fault) => problems.push(fault) });
  });
  let caller: ProcessPorts | undefined;
  const process = simulation.addProcess('caller', (ports) => {
    caller = ports;
  });
  for (const each of simulation.processes) each.start();
  await simulation.run({ untilMs: 1000 });

  const ask = async (method: string, request: Uint8Array): Promise<Uint8Array> => {
    let reply: Uint8Array | undefined;
    process.run(() => {
      assert(caller !== undefined, 'the caller runs');
      const options = { deadlineMs: 2000, headers: {} };
      void callUnary(caller.network.channel('n1:7181'), { method, request: [request], options }).then((outcome) => {
        if (outcome.ok) reply = outcome.value;
        else problems.push(outcome.problem);
      });
    });
    const untilMs = simulation.world.nowMs + 5000;
    await simulation.run({ untilMs, until: () => reply !== undefined || problems.length > 0 });
    expect(problems).toEqual([]);
    assert(reply !== undefined, 'the call is answered');
    return reply;
  };
  const change = { type: 'add-to-counter', requestId: 'first', name: 'visits', amount: 2 } as const;
  for (const _ of ['asked', 'asked again']) {
    const changed = changeFactReplyCodec.decode(await ask(factMethods.change, changeFactRequestCodec.encode(change)));
    expect(changed).toMatchObject({ ok: true, value: { reply: { type: 'counted', counter: 2 } } });
  }
  const set = { type: 'set-fact', requestId: 'second', name: 'visits', value: 'many' } as const;
  await ask(factMethods.change, changeFactRequestCodec.encode(set));
  const found = getFactReplyCodec.decode(await ask(factMethods.get, getFactRequestCodec.encode('visits')));
  expect(found).toEqual({ ok: true, value: { value: 'many', counter: 2 } });
});

const defaults = {
  roles: ['quorum'],
  version: '0.0.0',
  messageBytesMax: 8 * 1024 * 1024,
  callsOpenMax: 16,
  stopGraceMs: 1000,
  insecureNetworkAllowed: true,
  electionTiming: { heartbeatMs: 100, electionTimeoutMsMin: 300, electionTimeoutMsMax: 600 },
} as const;
