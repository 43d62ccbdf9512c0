/**
 * Why a storage directory is refused, in words that say what to do.
 *
 * Refusing happens before anything in the directory is changed.
 */
import { assertUnreachable } from '../base/assert.ts';
import type { ClusterId, NodeId } from '../base/ids.ts';

export type DirectoryProblem =
  | { readonly type: 'in-use' }
  | { readonly type: 'other-node'; readonly found: NodeId; readonly wanted: NodeId }
  | { readonly type: 'other-cluster'; readonly found: ClusterId; readonly wanted: ClusterId }
  | { readonly type: 'newer-format'; readonly found: number; readonly known: number }
  /** Files are there, and none of them says whose they are. */
  | { readonly type: 'not-ours'; readonly names: readonly string[] }
  | { readonly type: 'damaged'; readonly what: string };

/** One line for the log and the terminal. */
export function describeDirectoryProblem(folder: string, problem: DirectoryProblem): string {
  const where = `the storage directory ${folder}`;
  switch (problem.type) {
    case 'in-use':
      return `${where} is in use by another process: stop that process, or give this one a directory of its own`;
    case 'other-node':
      return (
        `${where} belongs to node ${problem.found}, and this is node ${problem.wanted}: ` +
        `start node ${problem.found} from it, or give node ${problem.wanted} an empty directory`
      );
    case 'other-cluster':
      return (
        `${where} belongs to cluster ${problem.found}, and this node is to join cluster ${problem.wanted}: ` +
        'correct the cluster id, or give the node an empty directory'
      );
    case 'newer-format':
      return (
        `${where} has format ${problem.found}, and this release knows formats up to ${problem.known}: ` +
        'start it with the newer release; nothing was changed'
      );
    case 'not-ours':
      return (
        `${where} is not empty and holds no file "meta" (${problem.names.join(', ')}): ` +
        'name an empty directory; if "meta" was lost from a directory that was in use, treat the node as one ' +
        'whose disk was lost: remove it from the cluster and add it again with an empty directory'
      );
    case 'damaged':
      return (
        `the file "meta" of ${where} is damaged (${problem.what}): remove this node from the cluster and add it ` +
        'again with an empty directory, or put back a copy of the whole directory'
      );
    default:
      return assertUnreachable(problem);
  }
}
