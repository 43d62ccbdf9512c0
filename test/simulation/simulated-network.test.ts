/**
 * The simulated network keeps every promise of the stream port while the weather is calm; faults are shown in
 * simulated-faults.test.ts.
 */
import { conformanceLimits, streamConformance, type StreamFixture } from '../conformance/stream.ts';
import { simulatedStreamFixture } from './simulated-stream-fixture.ts';

streamConformance('simulated', async (): Promise<StreamFixture> => simulatedStreamFixture(conformanceLimits));
