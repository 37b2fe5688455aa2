using System.Buffers.Binary;
using System.Text;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Issuing.Stores;

/// <summary>The payloads of a journal: each is one whole item as it stands after a change, so the last one of an item wins.</summary>
internal static class JournalRecord
{
    /// <summary>Stands for "no end" where an end is expected.</summary>
    private const long NoEnd = long.MaxValue;

    /// <summary>A key's region stands above its kind in one byte: 0, in journals of a single region, changes nothing there.</summary>
    private const int KeyRegionShift = 4;

    /// <summary>The number of regions beyond the first stands above the number of shards; again 0 for a single one.</summary>
    private const int HeadRegionsShift = 16;

    /// <summary>What a payload holds. Numbers stand in files: add members, never renumber one.</summary>
    private enum Content : byte
    {
        Authority = 1,
        Feed = 2,
        Head = 3,
    }

    [Flags]
    private enum Marks : byte
    {
        None = 0,
        IsDenied = 1,
        IsFed = 2,
        GraceUsed = 4,
    }

    /// <returns>The bytes written.</returns>
    public static int Write(Span<byte> destination, AuthorityItem item)
    {
        var output = new Output(destination);
        output.Byte((byte)Content.Authority);
        output.Byte((byte)((int)item.Key.Kind | (item.Key.Region << KeyRegionShift)));
        output.Text(item.Key.Issuer);
        output.Text(item.Key.Value);
        output.Byte((byte)((item.IsDenied ? Marks.IsDenied : 0)
            | (item.IsFed ? Marks.IsFed : 0)
            | (item.GraceUsed ? Marks.GraceUsed : 0)));
        output.Int64(item.Watermark);
        output.Time(item.DeniedAt);
        output.Text(item.Reason);
        output.Text(item.Actor);
        output.Int32(item.Generation);
        output.Time(item.RotatedAt);
        output.Int32(item.GraceRun);
        output.Text(item.RequestId);
        output.End(item.ExpiresAt);
        return output.Written;
    }

    /// <returns>The bytes written.</returns>
    public static int Write(Span<byte> destination, FeedItem item)
    {
        var output = new Output(destination);
        output.Byte((byte)Content.Feed);
        output.UInt128(item.Rule.Key.Value);
        output.Int64(item.Rule.StampedAt);
        output.Int64(item.Rule.Watermark);
        output.End(item.ExpiresAt);
        return output.Written;
    }

    /// <returns>The bytes written.</returns>
    public static int Write(Span<byte> destination, StoredHead head)
    {
        var output = new Output(destination);
        output.Byte((byte)Content.Head);
        output.Head(head.Head);
        output.Time(head.RaisedAt);
        output.Byte(head.Before is null ? (byte)0 : (byte)1);
        if (head.Before is not null)
        {
            output.Head(head.Before);
        }

        return output.Written;
    }

    /// <summary>Puts the item of a payload into the tables.</summary>
    /// <exception cref="InvalidDataException">This program does not know such a payload.</exception>
    public static void Load(ReadOnlySpan<byte> payload, JournalTables tables)
    {
        var input = new Input(payload);
        switch ((Content)input.Byte())
        {
            case Content.Authority:
                tables.Put(ReadAuthority(ref input), JournalTables.OnDisk);
                break;
            case Content.Feed:
                tables.Put(ReadFeed(ref input), JournalTables.OnDisk);
                break;
            case Content.Head:
                tables.Put(new StoredHead(input.Head(), input.Time(), input.Byte() == 0 ? null : input.Head()), JournalTables.OnDisk);
                break;
            default:
                throw new InvalidDataException("It holds something unknown.");
        }

        if (!input.IsAtEnd)
        {
            throw new InvalidDataException("It holds more than is known.");
        }
    }

    private static AuthorityItem ReadAuthority(ref Input input)
    {
        var kind = input.Byte();
        var key = new AuthorityKey(
            input.Text(), (RuleKind)(kind & ((1 << KeyRegionShift) - 1)), input.Text(), kind >> KeyRegionShift);
        var marks = (Marks)input.Byte();
        var item = new AuthorityItem
        {
            Key = key,
            IsDenied = marks.HasFlag(Marks.IsDenied),
            IsFed = marks.HasFlag(Marks.IsFed),
            GraceUsed = marks.HasFlag(Marks.GraceUsed),
            Watermark = input.Int64(),
            DeniedAt = input.Time(),
            Reason = input.Text(),
            Actor = input.Text(),
            Generation = input.Int32(),
            RotatedAt = input.Time(),
            GraceRun = input.Int32(),
            RequestId = input.Text(),
            ExpiresAt = input.End(),
        };
        return Known(item, StoreLimits.FindProblem(item)); // What no store takes could not be listed, or not be published.
    }

    private static FeedItem ReadFeed(ref Input input)
    {
        var (key, stampedAt, watermark, end) = (new RuleKey(input.UInt128()), input.Int64(), input.Int64(), input.End());
        var rule = new DenylistRule(key, stampedAt, watermark, end is null);
        return new(Known(rule, StoreLimits.FindProblem(rule)), end);
    }

    private static T Known<T>(T content, string? problem) =>
        problem is null ? content : throw new InvalidDataException($"What it holds {problem}.");

    private ref struct Output(Span<byte> destination)
    {
        private readonly Span<byte> _destination = destination;

        public int Written { get; private set; }

        public void Byte(byte value) => Take(1)[0] = value;

        public void Int32(int value) => BinaryPrimitives.WriteInt32LittleEndian(Take(sizeof(int)), value);

        public void Int64(long value) => BinaryPrimitives.WriteInt64LittleEndian(Take(sizeof(long)), value);

        public void UInt128(UInt128 value) => BinaryPrimitives.WriteUInt128LittleEndian(Take(RuleKey.Length), value);

        public void Time(DateTimeOffset value) => Int64(value.ToUnixTimeMilliseconds());

        public void End(DateTimeOffset? value) => Int64(value?.ToUnixTimeMilliseconds() ?? NoEnd);

        public void Text(string value)
        {
            var length = Take(sizeof(ushort));
            var written = Encoding.UTF8.GetBytes(value, _destination[Written..]);
            BinaryPrimitives.WriteUInt16LittleEndian(length, checked((ushort)written));
            Written += written;
        }

        public void Head(DenylistHead head)
        {
            Int32(head.Shards | ((head.Regions - 1) << HeadRegionsShift));
            Int64(head.Window.Ticks);
            Int64(head.LongestAccessTokenLifetime.Ticks);
            Int64(head.LongestRefreshLife.Ticks);
        }

        private Span<byte> Take(int count)
        {
            var taken = _destination.Slice(Written, count);
            Written += count;
            return taken;
        }
    }

    private ref struct Input(ReadOnlySpan<byte> source)
    {
        private ReadOnlySpan<byte> _rest = source;

        public readonly bool IsAtEnd => _rest.IsEmpty;

        public byte Byte() => Take(1)[0];

        public int Int32() => BinaryPrimitives.ReadInt32LittleEndian(Take(sizeof(int)));

        public long Int64() => BinaryPrimitives.ReadInt64LittleEndian(Take(sizeof(long)));

        public UInt128 UInt128() => BinaryPrimitives.ReadUInt128LittleEndian(Take(RuleKey.Length));

        public DateTimeOffset Time() => ToTime(Int64());

        public DateTimeOffset? End() => Int64() is var end && end == NoEnd ? null : ToTime(end);

        public string Text() => Encoding.UTF8.GetString(Take(BinaryPrimitives.ReadUInt16LittleEndian(Take(sizeof(ushort)))));

        public DenylistHead Head()
        {
            var parts = Int32();
            var head = new DenylistHead
            {
                Shards = parts & ((1 << HeadRegionsShift) - 1),
                Regions = (parts >> HeadRegionsShift) + 1,
                Window = TimeSpan.FromTicks(Int64()),
                LongestAccessTokenLifetime = TimeSpan.FromTicks(Int64()),
                LongestRefreshLife = TimeSpan.FromTicks(Int64()),
            };
            return Known(head, head.FindProblem());
        }

        private static DateTimeOffset ToTime(long milliseconds) =>
            milliseconds >= DateTimeOffset.MinValue.ToUnixTimeMilliseconds()
            && milliseconds <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
                ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds)
                : throw new InvalidDataException("It holds a time that does not exist.");

        private ReadOnlySpan<byte> Take(int count)
        {
            if (count > _rest.Length)
            {
                throw new InvalidDataException("It is shorter than what it should hold.");
            }

            var taken = _rest[..count];
            _rest = _rest[count..];
            return taken;
        }
    }
}
