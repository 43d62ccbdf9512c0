/**
 * Prints the one line that ends a run, `N passed, N failed`, from the results that vitest wrote.
 *
 * Usage: node test/print-count.mjs RESULTS.json EXIT-STATUS
 * A file that could not be loaded, a run that left no results and a run that failed outside its tests count as a
 * failure each. Exits 1 when anything failed or nothing passed.
 */
import { readFileSync } from 'node:fs';

const [resultsPath = 'build/test-results.json', exitStatus = '0'] = process.argv.slice(2);
const { passed, failed } = countOf(readResults(resultsPath));
const failedElsewhere = failed === 0 && (exitStatus !== '0' || passed === 0) ? 1 : 0;
console.log(`${passed} passed, ${failed + failedElsewhere} failed`);
process.exitCode = passed > 0 && failed + failedElsewhere === 0 ? 0 : 1;

function readResults(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (problem) {
    console.error(`no results in ${path}: ${problem.message}`);
    return { testResults: [] };
  }
}

/** A failed file whose tests all passed broke while it was loaded or cleaned up. */
function countOf({ testResults }) {
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  const passed = tests.filter(({ status }) => status === 'passed').length;
  const failed = tests.filter(({ status }) => status === 'failed').length;
  const broken = testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((assertion) => assertion.status === 'failed'),
  ).length;
  return { passed, failed: failed + broken };
}
