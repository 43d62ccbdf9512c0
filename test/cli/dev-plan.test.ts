/**
 * What `odradek dev` runs for what is typed.
 */
import { expect, test } from 'vitest';
import { planDev, type DevOptions } from '../../src/cli/dev-plan.ts';
import { nodeConfigOf, settingsOf } from '../../src/cli/server-settings.ts';

const plain: DevOptions = { data: './data/dev', port: '7091' };

function configsOf(options: Partial<DevOptions>, found: readonly string[] = []) {
  return planDev({ ...plain, ...options }, './data/dev', found).map(({ settings }) =>
    nodeConfigOf(settingsOf([settings]).values),
  );
}

test('without a word it is one node that is the whole cluster', () => {
  expect(configsOf({})).toMatchObject([
    {
      nodeId: 1,
      roles: ['quorum', 'broker'],
      voters: [],
      apiListen: '127.0.0.1:7091',
      peerListen: '127.0.0.1:7191',
      topicsOnFirstUse: true,
    },
  ]);
});

test('several are voters of one quorum, on ports in a row', () => {
  const configs = configsOf({ brokers: '3', port: '8000' });
  expect(configs.map(({ apiListen }) => apiListen)).toEqual(['127.0.0.1:8000', '127.0.0.1:8001', '127.0.0.1:8002']);
  for (const { voters } of configs)
    expect(voters.map(({ peerEndpoint }) => peerEndpoint)).toEqual([
      '127.0.0.1:8100',
      '127.0.0.1:8101',
      '127.0.0.1:8102',
    ]);
});

test('data that is there says how many nodes it is of', () => {
  const found = ['node-1', 'node-2', 'node-3', 'notes.txt'];
  expect(configsOf({}, found)).toHaveLength(3);
  expect(configsOf({ brokers: '3' }, found)).toHaveLength(3);
  expect(() => configsOf({ brokers: '1' }, found)).toThrow('the data in ./data/dev is of a cluster of 3');
});

test.each([
  [{ brokers: '0' }, '--brokers is 0, which is not a number from 1 to 9'],
  [{ brokers: '127.0.0.1:7091' }, '--brokers is "127.0.0.1:7091", which is not a whole number'],
  [{ port: '0' }, '--port is 0, which leaves no room'],
  [{ port: '65500' }, '--port is 65500, which leaves no room'],
])('what cannot be run is refused: %j', (options, message) => {
  expect(() => configsOf(options)).toThrow(message);
});
