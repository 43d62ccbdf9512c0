/**
 * Cases of circles: transactions that depend on each other, and operations that know of what comes after them.
 */
import { script, type HistoryScript, type Part } from './history-script.ts';
import type { LogAnomalyCase } from './log-anomaly-case.ts';

/** Two transactions at the same time, of the processes 0 and 2: lines 1 to 4. */
function meanwhile(left: readonly Part[], right: readonly Part[]): HistoryScript {
  return script()
    .beginTransaction(0, left)
    .beginTransaction(2, right)
    .endTransaction(0, 'ok', left)
    .endTransaction(2, 'ok', right);
}

/** x in partition 0 and y in partition 1, each at offset 0. */
const readAll = (history: HistoryScript): HistoryScript => history.poll(1, [[0, 'x']]).poll(1, [[0, 'y']], 1);

export const cycleCases: readonly LogAnomalyCase[] = [
  {
    name: 'G1c',
    shows: readAll(
      meanwhile(
        [
          ['send', 'x', 0],
          ['poll', [[0, 'y']], 1],
        ],
        [
          ['send', 'y', 0, 1],
          ['poll', [[0, 'x']]],
        ],
      ),
    ),
    lines: [1, 2, 3, 4],
    nearMisses: [
      {
        why: 'information flows one way',
        history: readAll(
          meanwhile(
            [['send', 'x', 0]],
            [
              ['send', 'y', 0, 1],
              ['poll', [[0, 'x']]],
            ],
          ),
        ),
      },
    ],
  },
  {
    name: 'G1c-realtime',
    shows: script()
      .poll(1, [[0, 'a']])
      .send(0, 'a', 0),
    lines: [1, 2, 3, 4],
    nearMisses: [
      {
        why: 'the send began before the poll had ended',
        history: script()
          .beginPoll(1)
          .beginSend(0, 'a')
          .endPoll(1, [[0, 'a']])
          .endSend(0, 'a', 0),
      },
    ],
  },
  {
    name: 'G1c-with-writes',
    // The second polled what the first sent, and another of its values stands before another of the first.
    shows: meanwhile(
      [
        ['send', 'x', 0],
        ['send', 'z', 1, 1],
      ],
      [
        ['send', 'y', 0, 1],
        ['poll', [[0, 'x']]],
      ],
    ).poll(
      1,
      [
        [0, 'y'],
        [1, 'z'],
      ],
      1,
    ),
    lines: [1, 2, 3, 4],
    nearMisses: [
      {
        why: 'the order of sends agrees with who polled what',
        history: meanwhile(
          [
            ['send', 'x', 0],
            ['send', 'z', 0, 1],
          ],
          [
            ['send', 'y', 1, 1],
            ['poll', [[0, 'x']]],
          ],
        ).poll(
          1,
          [
            [0, 'z'],
            [1, 'y'],
          ],
          1,
        ),
      },
    ],
  },
  {
    name: 'G0',
    shows: meanwhile(
      [
        ['send', 'a', 0],
        ['send', 'b', 1, 1],
      ],
      [
        ['send', 'c', 1],
        ['send', 'd', 0, 1],
      ],
    )
      .poll(1, [
        [0, 'a'],
        [1, 'c'],
      ])
      .poll(
        1,
        [
          [0, 'd'],
          [1, 'b'],
        ],
        1,
      ),
    lines: [1, 2, 3, 4],
    nearMisses: [
      {
        why: 'one is before the other in both partitions',
        history: meanwhile(
          [
            ['send', 'a', 0],
            ['send', 'b', 0, 1],
          ],
          [
            ['send', 'c', 1],
            ['send', 'd', 1, 1],
          ],
        )
          .poll(1, [
            [0, 'a'],
            [1, 'c'],
          ])
          .poll(
            1,
            [
              [0, 'b'],
              [1, 'd'],
            ],
            1,
          ),
      },
    ],
  },
  {
    name: 'G2',
    // Each polled up to before what the other sent.
    shows: script()
      .send(3, 'p', 0)
      .send(3, 'q', 0, { in: 1 })
      .beginTransaction(0, [
        ['send', 'x'],
        ['poll', []],
      ])
      .beginTransaction(2, [
        ['send', 'y', undefined, 1],
        ['poll', []],
      ])
      .endTransaction(0, 'ok', [
        ['send', 'x', 1],
        ['poll', [[0, 'q']], 1],
      ])
      .endTransaction(2, 'ok', [
        ['send', 'y', 1, 1],
        ['poll', [[0, 'p']]],
      ])
      .poll(1, [
        [0, 'p'],
        [1, 'x'],
      ])
      .poll(
        1,
        [
          [0, 'q'],
          [1, 'y'],
        ],
        1,
      ),
    lines: [5, 6, 7, 8],
    nearMisses: [
      {
        why: 'one of them polled what the other sent',
        history: script()
          .send(3, 'p', 0)
          .transaction(0, 'ok', [['send', 'x', 1]])
          .transaction(2, 'ok', [
            ['send', 'y', 0, 1],
            [
              'poll',
              [
                [0, 'p'],
                [1, 'x'],
              ],
            ],
          ])
          .poll(1, [[0, 'y']], 1),
      },
    ],
  },
];
