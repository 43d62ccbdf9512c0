import { NodeRandom } from '../../src/adapters/node-random.ts';
import { randomConformance } from '../conformance/random.ts';

randomConformance('real', () => new NodeRandom());
