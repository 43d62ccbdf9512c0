/**
 * What people import as `odradek`. The client library will be here; today it is the table of errors, so that callers of
 * the gRPC API can branch on reasons by name.
 */
export { errorCodes, type ErrorAction, type ErrorName } from './base/error-codes.ts';
