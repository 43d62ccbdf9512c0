/**
 * odradek.v1.MetadataService: what the cluster is made of. Answers from the first moment on, so that a person can
 * ask a node that does not become ready what it is.
 */
import { ok } from '../base/result.ts';
import { getServerInfoRequestCodec, serverInfoCodec, type ServerInfo } from '../wire/server-info-messages.ts';
import type { Service } from './service-table.ts';
import { unaryMethod } from './unary-method.ts';

export const metadataServiceName = 'odradek.v1.MetadataService';

export function metadataService(describeNode: () => ServerInfo): Service {
  return {
    name: metadataServiceName,
    methods: {
      GetServerInfo: unaryMethod({
        request: getServerInfoRequestCodec,
        reply: serverInfoCodec,
        answer: () => ok(describeNode()),
      }),
    },
  };
}
