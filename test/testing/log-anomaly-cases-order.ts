/**
 * Cases of anomalies that the order of things shows: of polls, of sends, of operations that depend on each other.
 */
import { script, type Part } from './history-script.ts';
import { abc, type LogAnomalyCase } from './log-anomaly-case.ts';

const both: readonly Part[] = [
  ['send', 'a', 0],
  ['send', 'c', 2],
];

export const orderCases: readonly LogAnomalyCase[] = [
  {
    name: 'internal-nonmonotonic-poll',
    shows: abc().poll(1, [
      [0, 'a'],
      [1, 'b'],
      [1, 'b'],
      [2, 'c'],
    ]),
    lines: [8],
    nearMisses: [
      {
        why: 'offsets fall from one partition to the next',
        history: abc()
          .send(0, 'd', 0, { in: 1 })
          .transaction(1, 'ok', [
            [
              'poll',
              [
                [0, 'a'],
                [1, 'b'],
                [2, 'c'],
              ],
            ],
            ['poll', [[0, 'd']], 1],
          ]),
      },
    ],
  },
  {
    name: 'internal-poll-skip',
    shows: abc()
      .poll(1, [
        [0, 'a'],
        [1, 'b'],
        [2, 'c'],
      ])
      .poll(2, [
        [0, 'a'],
        [2, 'c'],
      ]),
    lines: [8, 10],
    nearMisses: [
      {
        why: 'a marker takes the offset in between',
        history: script()
          .send(0, 'a', 0)
          .send(0, 'c', 2)
          .poll(1, [
            [0, 'a'],
            [2, 'c'],
          ]),
      },
    ],
  },
  {
    name: 'nonmonotonic-poll',
    shows: abc()
      .poll(1, [
        [0, 'a'],
        [1, 'b'],
      ])
      .poll(1, [
        [1, 'b'],
        [2, 'c'],
      ]),
    lines: [8, 10],
    nearMisses: [
      {
        why: 'an assignment sends the consumer back',
        history: abc()
          .poll(1, [
            [0, 'a'],
            [1, 'b'],
          ])
          .assign(1, 1)
          .poll(1, [
            [1, 'b'],
            [2, 'c'],
          ]),
      },
      {
        why: 'another consumer reads it',
        history: abc()
          .poll(1, [
            [0, 'a'],
            [1, 'b'],
            [2, 'c'],
          ])
          .poll(2, [[0, 'a']]),
      },
      {
        why: 'the consumer has crashed',
        history: script()
          .send(0, 'a', 0)
          .poll(1, [[0, 'a']])
          .crash(1)
          .poll(1, [[0, 'a']]),
      },
      {
        why: 'nobody knows whether the assignment came about',
        history: script()
          .send(0, 'a', 0)
          .poll(1, [[0, 'a']])
          .assign(1, 0, 'info')
          .poll(1, [[0, 'a']]),
      },
    ],
  },
  {
    name: 'poll-skip',
    shows: abc()
      .poll(1, [
        [0, 'a'],
        [1, 'b'],
        [2, 'c'],
      ])
      .poll(2, [[0, 'a']])
      .assign(2)
      .poll(2, [[2, 'c']]),
    lines: [8, 10, 13],
    nearMisses: [
      {
        why: 'an assignment sends the consumer forward',
        history: abc()
          .poll(1, [
            [0, 'a'],
            [1, 'b'],
            [2, 'c'],
          ])
          .poll(2, [[0, 'a']])
          .assign(2, 2)
          .poll(2, [[2, 'c']]),
      },
      {
        why: 'what was skipped was compacted away since',
        history: script()
          .send(0, 'a', 0, { key: 'k' })
          .send(0, 'b', 1, { key: 'k' })
          .poll(1, [
            [0, 'a'],
            [1, 'b'],
          ])
          .poll(2, [[1, 'b']]),
        options: { compactedTopics: ['orders'] },
      },
    ],
  },
  {
    name: 'rebalance-rewind',
    shows: script()
      .send(0, 'a', 0)
      .subscribe(1)
      .poll(1, [[0, 'a']])
      .poll(1, [[0, 'a']]),
    lines: [5, 7],
    nearMisses: [
      {
        why: 'the group goes on where it was',
        history: script()
          .send(0, 'a', 0)
          .send(0, 'b', 1)
          .subscribe(1)
          .poll(1, [[0, 'a']])
          .poll(1, [[1, 'b']]),
      },
    ],
  },
  {
    name: 'rebalance-skip',
    shows: abc()
      .poll(2, [
        [0, 'a'],
        [1, 'b'],
        [2, 'c'],
      ])
      .subscribe(1)
      .poll(1, [[0, 'a']])
      .poll(1, [[2, 'c']]),
    lines: [8, 11, 13],
    nearMisses: [
      {
        why: 'where the group begins is its own affair',
        history: script()
          .send(0, 'a', 0)
          .send(0, 'b', 1)
          .poll(2, [
            [0, 'a'],
            [1, 'b'],
          ])
          .subscribe(1)
          .poll(1, [[1, 'b']]),
      },
    ],
  },
  {
    name: 'commit-ahead',
    shows: script()
      .send(0, 'a', 0)
      .send(0, 'b', 1)
      .poll(2, [
        [0, 'a'],
        [1, 'b'],
      ])
      .poll(1, [[0, 'a']])
      .commit(1, 2),
    lines: [8, 9],
    nearMisses: [
      {
        why: 'it has polled all of it',
        history: script()
          .send(0, 'a', 0)
          .poll(1, [[0, 'a']])
          .commit(1, 1),
      },
      {
        why: 'only a marker is in between',
        history: script()
          .send(0, 'a', 0)
          .poll(1, [[0, 'a']])
          .commit(1, 2),
      },
    ],
  },
  {
    name: 'internal-nonmonotonic-send',
    shows: script()
      .transaction(0, 'ok', [
        ['send', 'a', 1],
        ['send', 'b', 0],
      ])
      .poll(1, [
        [0, 'b'],
        [1, 'a'],
      ]),
    lines: [1, 2],
    nearMisses: [
      {
        why: 'its values are in two partitions',
        history: script()
          .transaction(0, 'ok', [
            ['send', 'a', 1],
            ['send', 'b', 0, 1],
          ])
          .poll(1, [[1, 'a']])
          .poll(1, [[0, 'b']], 1),
      },
    ],
  },
  {
    name: 'nonmonotonic-send',
    shows: script()
      .beginSend(0, 'a')
      .beginSend(0, 'b')
      .endSend(0, 'b', 0)
      .endSend(0, 'a', 1)
      .poll(1, [
        [0, 'b'],
        [1, 'a'],
      ]),
    lines: [1, 2, 3, 4],
    nearMisses: [
      {
        why: 'two producers are in flight at the same time',
        history: script()
          .beginSend(0, 'a')
          .beginSend(2, 'b')
          .endSend(2, 'b', 0)
          .endSend(0, 'a', 1)
          .poll(1, [
            [0, 'b'],
            [1, 'a'],
          ]),
      },
      {
        why: 'the first was in flight when its producer crashed',
        history: script()
          .beginSend(0, 'a')
          .crash(0)
          .send(0, 'b', 0)
          .poll(1, [
            [0, 'b'],
            [1, 'a'],
          ]),
      },
    ],
  },
  {
    name: 'reordered-retry',
    shows: script()
      .beginSend(0, 'a', { idempotent: false })
      .beginSend(0, 'b', { idempotent: false })
      .endSend(0, 'b', 0)
      .endSend(0, 'a', 1)
      .poll(1, [
        [0, 'b'],
        [1, 'a'],
      ]),
    lines: [1, 2],
    nearMisses: [
      {
        why: 'they kept their order',
        history: script()
          .send(0, 'a', 0, { idempotent: false })
          .send(0, 'b', 1, { idempotent: false })
          .poll(1, [
            [0, 'a'],
            [1, 'b'],
          ]),
      },
    ],
  },
  {
    name: 'realtime-nonmonotonic-send',
    shows: script()
      .send(0, 'a', 1)
      .send(2, 'b', 0)
      .poll(1, [
        [0, 'b'],
        [1, 'a'],
      ]),
    lines: [2, 3, 4],
    nearMisses: [
      {
        why: 'the second began before the first had ended',
        history: script()
          .beginSend(0, 'a')
          .beginSend(2, 'b')
          .endSend(0, 'a', 1)
          .endSend(2, 'b', 0)
          .poll(1, [
            [0, 'b'],
            [1, 'a'],
          ]),
      },
    ],
  },
  {
    name: 'send-skip',
    shows: script()
      .beginTransaction(0, both)
      .send(2, 'b', 1)
      .endTransaction(0, 'ok', both)
      .poll(1, [
        [0, 'a'],
        [1, 'b'],
        [2, 'c'],
      ]),
    and: ['G0'],
    lines: [1],
    nearMisses: [
      {
        why: 'a marker takes the offset in between',
        history: script()
          .transaction(0, 'ok', both)
          .poll(1, [
            [0, 'a'],
            [2, 'c'],
          ]),
      },
    ],
  },
];
