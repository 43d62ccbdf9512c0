/**
 * Which names a topic may bear: Kafka's, so that names travel between the two. Pure.
 */
import { ok, refused, type Result } from '../base/result.ts';
import { metadataLimits } from './metadata-limits.ts';

/** Refused with what is wrong, in words that follow the name. */
export function checkTopicName(name: string): Result<void, string> {
  const { topicNameLengthMax } = metadataLimits;
  if (name === '') return refused('is empty');
  if (name === '.' || name === '..') return refused('means a folder');
  if (name.length > topicNameLengthMax) return refused(`is longer than ${topicNameLengthMax} characters`);
  if (!/^[a-zA-Z0-9._-]+$/.test(name)) return refused('has characters other than letters, digits, ".", "_" and "-"');
  return ok(undefined);
}
