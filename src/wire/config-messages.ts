/**
 * The configs of odradek.v1.ClusterService: which there are, which are in force, and changes of them.
 */
import { brokerIdFromOutside, type BrokerId } from '../base/ids.ts';
import type { LogIndex } from '../base/raft-position.ts';
import type { ConfigChange } from '../metadata/metadata-command.ts';
import type { Codec } from '../ports/codec.ts';
import { decodeMessage, must, unreadable } from './decode-message.ts';
import { odradek } from './generated/messages.js';
import {
  configChangesFromWire,
  configChangesToWire,
  consistencyFromWire,
  consistencyToWire,
  enumNames,
  namesFromWire,
  pageFromWire,
  pageToWire,
  requestIdFromWire,
  revisionFrom,
  type ConsistencyName,
  type PageRequest,
} from './request-fields.ts';

const wire = odradek.v1;

/** Whose configs, as a caller names it: topics by their names. */
export type NamedResource =
  | { readonly scope: 'cluster' }
  | { readonly scope: 'broker'; readonly brokerId: BrokerId }
  | { readonly scope: 'topic'; readonly name: string };

export type ConfigScopeName = NamedResource['scope'];
export type ConfigSourceName = ConfigScopeName | 'default';
export type ConfigTypeName = 'boolean' | 'integer' | 'duration-ms' | 'bytes' | 'choice';

export interface GetConfigsRequest {
  readonly resource: NamedResource;
  /** None: all. */
  readonly names: readonly string[];
  readonly consistency: ConsistencyName;
}

export interface ConfigEntry {
  readonly name: string;
  readonly value: string;
  readonly source: ConfigSourceName;
  readonly doc: string;
  readonly isDynamic: boolean;
}

export interface GetConfigsReply {
  readonly configs: readonly ConfigEntry[];
  readonly revision: LogIndex;
}

export interface UpdateConfigsRequest {
  readonly resource: NamedResource;
  readonly configs: readonly ConfigChange[];
  readonly validateOnly: boolean;
  readonly requestId: string | undefined;
}

export interface ListConfigDefinitionsRequest {
  /** Undefined: all. */
  readonly scope: ConfigScopeName | undefined;
  readonly page: PageRequest;
}

export interface ShownConfigDefinition {
  readonly name: string;
  readonly type: ConfigTypeName;
  readonly defaultValue: string;
  readonly doc: string;
  readonly scopes: readonly ConfigScopeName[];
  readonly isDynamic: boolean;
  readonly choices: readonly string[];
  /** As text; empty: none. */
  readonly minimum: string;
  readonly maximum: string;
}

export interface ListConfigDefinitionsReply {
  readonly definitions: readonly ShownConfigDefinition[];
  readonly nextPageToken: string;
}

const scopes = enumNames<ConfigScopeName>({
  cluster: wire.ConfigScope.CONFIG_SCOPE_CLUSTER,
  broker: wire.ConfigScope.CONFIG_SCOPE_BROKER,
  topic: wire.ConfigScope.CONFIG_SCOPE_TOPIC,
});

const sources = enumNames<ConfigSourceName>({
  default: wire.ConfigSource.CONFIG_SOURCE_DEFAULT,
  cluster: wire.ConfigSource.CONFIG_SOURCE_CLUSTER,
  broker: wire.ConfigSource.CONFIG_SOURCE_BROKER,
  topic: wire.ConfigSource.CONFIG_SOURCE_TOPIC,
});

const types = enumNames<ConfigTypeName>({
  boolean: wire.ConfigType.CONFIG_TYPE_BOOLEAN,
  integer: wire.ConfigType.CONFIG_TYPE_INTEGER,
  'duration-ms': wire.ConfigType.CONFIG_TYPE_DURATION_MS,
  bytes: wire.ConfigType.CONFIG_TYPE_BYTES,
  choice: wire.ConfigType.CONFIG_TYPE_CHOICE,
});

export const getConfigsRequestCodec: Codec<GetConfigsRequest> = {
  encode: ({ resource, names, consistency }) =>
    wire.GetConfigsRequest.encode({
      resource: resourceToWire(resource),
      names: [...names],
      consistency: consistencyToWire(consistency),
    }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.GetConfigsRequest, ownedBytes, (message) => ({
      resource: resourceFromWire(message.resource),
      names: namesFromWire('names', message.names),
      consistency: consistencyFromWire(message.consistency),
    })),
};

export const getConfigsReplyCodec: Codec<GetConfigsReply> = {
  encode: ({ configs, revision }) =>
    wire.GetConfigsResponse.encode({ configs: configs.map(entryToWire), metadataRevision: revision }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.GetConfigsResponse, ownedBytes, (message) => ({
      configs: message.configs.map(entryFromWire),
      revision: revisionFrom(message),
    })),
};

export const updateConfigsRequestCodec: Codec<UpdateConfigsRequest> = {
  encode: ({ resource, configs, validateOnly, requestId }) =>
    wire.UpdateConfigsRequest.encode({
      resource: resourceToWire(resource),
      ...configChangesToWire(configs),
      validateOnly,
      requestId: requestId ?? '',
    }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.UpdateConfigsRequest, ownedBytes, (message) => ({
      resource: resourceFromWire(message.resource),
      configs: configChangesFromWire(message),
      validateOnly: message.validateOnly,
      requestId: requestIdFromWire(message.requestId),
    })),
};

export const listConfigDefinitionsRequestCodec: Codec<ListConfigDefinitionsRequest> = {
  encode: ({ scope, page }) =>
    wire.ListConfigDefinitionsRequest.encode({
      scope: scope === undefined ? wire.ConfigScope.CONFIG_SCOPE_UNSPECIFIED : scopes.toWire(scope),
      ...pageToWire(page),
    }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.ListConfigDefinitionsRequest, ownedBytes, (message) => ({
      scope:
        message.scope === wire.ConfigScope.CONFIG_SCOPE_UNSPECIFIED
          ? undefined
          : scopes.fromWire('scope', message.scope),
      page: pageFromWire(message),
    })),
};

export const listConfigDefinitionsReplyCodec: Codec<ListConfigDefinitionsReply> = {
  encode: ({ definitions, nextPageToken }) =>
    wire.ListConfigDefinitionsResponse.encode({
      definitions: definitions.map(definitionToWire),
      nextPageToken,
    }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.ListConfigDefinitionsResponse, ownedBytes, ({ definitions, nextPageToken }) => ({
      definitions: definitions.map(definitionFromWire),
      nextPageToken,
    })),
};

function resourceToWire(resource: NamedResource): odradek.v1.ConfigResource.$Properties {
  const scope = scopes.toWire(resource.scope);
  if (resource.scope === 'cluster') return { scope };
  return { scope, name: resource.scope === 'broker' ? String(resource.brokerId) : resource.name };
}

function resourceFromWire(message: odradek.v1.ConfigResource.$Properties | null | undefined): NamedResource {
  const scope = scopes.fromWire('resource.scope', message?.scope);
  const name = message?.name ?? '';
  if (scope === 'topic') return { scope, name };
  if (scope === 'broker') {
    const written = /^[1-9]\d{0,9}$/.test(name) ? Number(name) : name;
    return { scope, brokerId: must('resource.name', brokerIdFromOutside(written)) };
  }
  return name === '' ? { scope } : unreadable('resource.name', name, 'empty, as it is for the cluster');
}

function entryToWire({ source, ...entry }: ConfigEntry): odradek.v1.ConfigEntry.$Properties {
  return {
    name: entry.name,
    value: entry.value,
    source: sources.toWire(source),
    doc: entry.doc,
    dynamic: entry.isDynamic,
  };
}

function entryFromWire(message: odradek.v1.ConfigEntry.$Properties): ConfigEntry {
  return {
    name: message.name ?? '',
    value: message.value ?? '',
    source: sources.fromWire('configs.source', message.source),
    doc: message.doc ?? '',
    isDynamic: message.dynamic ?? false,
  };
}

function definitionToWire(definition: ShownConfigDefinition): odradek.v1.ConfigDefinition.$Properties {
  const { name, type, defaultValue, doc, isDynamic, choices, minimum, maximum } = definition;
  return {
    name,
    type: types.toWire(type),
    defaultValue,
    doc,
    scopes: definition.scopes.map((scope) => scopes.toWire(scope)),
    dynamic: isDynamic,
    choices: [...choices],
    minimum,
    maximum,
  };
}

function definitionFromWire(message: odradek.v1.ConfigDefinition.$Properties): ShownConfigDefinition {
  return {
    name: message.name ?? '',
    type: types.fromWire('definitions.type', message.type),
    defaultValue: message.defaultValue ?? '',
    doc: message.doc ?? '',
    scopes: (message.scopes ?? []).map((scope) => scopes.fromWire('definitions.scopes', scope)),
    isDynamic: message.dynamic ?? false,
    choices: message.choices ?? [],
    minimum: message.minimum ?? '',
    maximum: message.maximum ?? '',
  };
}
