// Makes the batches of this folder with Kafka's own client, and reads batches with it. README.md says how to run it.
import java.nio.ByteBuffer;
import java.nio.file.*;
import java.util.*;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.*;
import org.apache.kafka.common.record.internal.*;

public class KafkaBatches {
  static final long TIME = 1_700_000_000_000L;

  public static void main(String[] words) throws Exception {
    if (words[0].equals("read")) {
      for (String file : Arrays.copyOfRange(words, 1, words.length)) read(Path.of(file));
      return;
    }
    Path folder = Path.of(words[1]);
    for (CompressionType type : CompressionType.values())
      write(folder, "kafka-" + type.name, Compression.of(type).build(), TimestampType.CREATE_TIME, -1, -1, -1, false);
    write(folder, "kafka-transactional", Compression.NONE, TimestampType.CREATE_TIME, 4711, 5, 900, true);
    write(folder, "kafka-append-time", Compression.NONE, TimestampType.LOG_APPEND_TIME, -1, -1, -1, false);
    EndTransactionMarker commit = new EndTransactionMarker(ControlRecordType.COMMIT, 3);
    save(folder, "kafka-commit-marker", MemoryRecords.withEndTransactionMarker(100, TIME, 7, 4711, (short) 5, commit));
  }

  static void write(Path folder, String name, Compression codec, TimestampType type, long id, int epoch, int sequence, boolean transactional)
      throws Exception {
    MemoryRecordsBuilder builder = MemoryRecords.builder(
        ByteBuffer.allocate(1 << 16), (byte) 2, codec, type, 100, TIME + 999_999, id, (short) epoch, sequence, transactional, 7);
    for (int at = 0; at < 60; at++)
      builder.appendWithOffset(100 + at, new SimpleRecord(time(at), text(at % 3, "key-" + at), text(at % 4, "value-" + "é".repeat(at)), headers(at)));
    save(folder, name, builder.build());
  }

  static long time(int at) {
    return TIME + at * 37L - (at % 2) * 1000L;
  }

  static byte[] text(int kind, String otherwise) throws Exception {
    return kind == 0 ? null : kind == 1 ? new byte[0] : otherwise.getBytes("UTF-8");
  }

  static Header[] headers(int at) {
    if (at % 5 == 0) return new Header[0];
    return new Header[] {new RecordHeader("again", (byte[]) null), new RecordHeader("again", new byte[0]), new RecordHeader("é", new byte[] {(byte) at})};
  }

  static void save(Path folder, String name, MemoryRecords records) throws Exception {
    ByteBuffer buffer = records.buffer();
    byte[] bytes = new byte[buffer.remaining()];
    buffer.get(bytes);
    Files.write(folder.resolve(name + ".batch"), bytes);
  }

  static void read(Path file) throws Exception {
    for (RecordBatch batch : MemoryRecords.readableRecords(ByteBuffer.wrap(Files.readAllBytes(file))).batches()) {
      batch.ensureValid();
      System.out.printf("# %s %s %d-%d%n", file.getFileName(), batch.compressionType().name, batch.baseOffset(), batch.lastOffset());
      for (org.apache.kafka.common.record.internal.Record record : batch) {
        StringBuilder line = new StringBuilder(record.offset() + " " + record.timestamp() + " " + hex(record.key()) + " " + hex(record.value()));
        for (Header header : record.headers())
          line.append(" ").append(header.key()).append("=").append(header.value() == null ? "null" : HexFormat.of().formatHex(header.value()));
        System.out.println(line);
      }
    }
  }

  static String hex(ByteBuffer bytes) {
    if (bytes == null) return "null";
    byte[] copy = new byte[bytes.remaining()];
    bytes.duplicate().get(copy);
    return "'" + HexFormat.of().formatHex(copy) + "'";
  }
}
