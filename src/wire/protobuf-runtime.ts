/**
 * protobufjs for the generated code, with 64-bit integers as plain numbers.
 *
 * Long must be off before a generated module loads, which is why the generated code imports this file instead of
 * the library. Numbers beyond 2^53 arrive rounded, so every translator in this folder guards what it reads.
 */
import protobuf from 'protobufjs/minimal.js';

(protobuf.util as { Long: unknown }).Long = null;
protobuf.configure();

export * from 'protobufjs/minimal.js';
// The generated code takes the library from the default export.
export { protobuf as default };
