// SPDX-License-Identifier: Apache-2.0

// SplitRanges FILE...: reads each file with parquet-java as Spark does, in N byte ranges of equal
// length (a row group belongs to the range that its midpoint lies in), for several N. Prints per file
// and N: name, N, rows, and the CRC-32 of all rows, range after range, in the canonical form that
// make_segments.cc describes.
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.zip.CRC32;

import org.apache.parquet.conf.PlainParquetConfiguration;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.hadoop.ParquetReader;
import org.apache.parquet.hadoop.api.ReadSupport;
import org.apache.parquet.hadoop.example.GroupReadSupport;
import org.apache.parquet.io.InputFile;
import org.apache.parquet.io.LocalInputFile;

public class SplitRanges {
  private static final class Builder extends ParquetReader.Builder<Group> {
    Builder(InputFile file) {
      super(file, new PlainParquetConfiguration());
    }

    @Override
    protected ReadSupport<Group> getReadSupport() {
      return new GroupReadSupport();
    }
  }

  private static byte[] canonical(Group row) {
    byte[] key = row.getBinary("key", 0).getBytes();
    boolean put = row.getFieldRepetitionCount("value") > 0;
    byte[] value = put ? row.getBinary("value", 0).getBytes() : new byte[0];
    ByteBuffer buffer =
        ByteBuffer.allocate(25 + key.length + value.length).order(ByteOrder.LITTLE_ENDIAN);
    buffer.putLong(row.getLong("ns", 0)).putInt(key.length).put(key);
    buffer.putLong(row.getLong("ts", 0)).put((byte) (put ? 1 : 0));
    buffer.putInt(value.length).put(value);
    return buffer.array();
  }

  private static void read(String name, int ranges) throws IOException {
    InputFile file = new LocalInputFile(Path.of(name));
    long length = file.getLength();
    CRC32 crc = new CRC32();
    long rows = 0;
    for (int i = 0; i < ranges; ++i) {
      long start = length * i / ranges;
      long end = length * (i + 1) / ranges;
      try (ParquetReader<Group> reader =
          new Builder(file).withFileRange(start, end).usePageChecksumVerification().build()) {
        for (Group row = reader.read(); row != null; row = reader.read()) {
          crc.update(canonical(row));
          ++rows;
        }
      }
    }
    System.out.println(name + "\t" + ranges + "\t" + rows + "\t" + crc.getValue());
  }

  public static void main(String[] names) throws IOException {
    for (String name : names) {
      for (int ranges : new int[] {1, 2, 7}) {
        read(name, ranges);
      }
    }
  }
}
