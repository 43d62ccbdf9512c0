/**
 * How much the metadata may hold, and how long its words may be. A command beyond a limit is refused by its name.
 */

export const metadataLimits = {
  requestIdLengthMax: 64,
  /** So that its folder's name, `name-partition`, fits a file system, as in Kafka. */
  topicNameLengthMax: 249,
  rackLengthMax: 255,
  endpointLengthMax: 255,
  directoriesPerBrokerMax: 64,
  featuresPerBrokerMax: 64,
  brokersMax: 1024,
  replicationFactorMax: 32,
  partitionsPerTopicMax: 10_000,
  /** So that a command's records fit one entry of the log. */
  replicasPerCommandMax: 50_000,
  partitionChangesMax: 1000,
  /** Of all topics. What concerns all partitions of a broker, such as its fencing, has to fit one entry as well. */
  partitionsMax: 50_000,
  rememberedRequestsMax: 16_384,
} as const;

export type MetadataLimits = { readonly [Name in keyof typeof metadataLimits]: number };
