import { expect, test } from 'vitest';
import { checkTopicName } from '../../src/metadata/topic-name.ts';

test.each(['a', 'orders', 'A.b_c-9', '...', 'x'.repeat(249)])('%s names a topic', (name) => {
  expect(checkTopicName(name)).toEqual({ ok: true });
});

test.each(['', '.', '..', 'a b', 'a/b', 'ä', 'a\n', 'x'.repeat(250), '\u0000'])('%j names none', (name) => {
  expect(checkTopicName(name)).toMatchObject({ ok: false });
});
