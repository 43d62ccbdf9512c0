// Locks the folder given as its argument, says whether it got it, and lives until it is killed.
import { NodeDisk } from '../../src/adapters/node-disk.ts';

await new NodeDisk(process.argv[2]).lockFolder('').then(
  () => process.stdout.write('held\n'),
  (fault) => process.stdout.write(`${fault.problem}\n`),
);
process.stdin.resume();
