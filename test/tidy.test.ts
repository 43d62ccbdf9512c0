import { expect, test } from 'vitest';

test('the tidy test is on its way', () => {
  expect(true).toBe(true);
});
