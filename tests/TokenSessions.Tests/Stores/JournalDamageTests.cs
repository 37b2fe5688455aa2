using System.Buffers.Binary;
using TokenSessions.Issuing.Stores;
using TokenSessions.Tests.Fuzzing;

namespace TokenSessions.Tests.Stores;

/// <summary>What a start makes of a journal that is not as it was left: a torn tail is cut off, anything else refused.</summary>
public sealed class JournalDamageTests : JournalTests
{
    private const int Rules = 10;

    [Fact]
    public async Task A_journal_cut_anywhere_opens_with_exactly_the_records_that_are_whole()
    {
        var (journal, ends) = await WriteRulesAsync();
        for (var cut = ends[^5]; cut < journal.Length; cut++)
        {
            Overwrite(journal.AsSpan(0, cut));
            var whole = ends.Count(end => end <= cut);
            var end = ends[whole - 1];

            await using (var store = Open())
            {
                Assert.Equal((end, cut - end), (store.Outcome.Length, store.Outcome.TornBytes));
                Assert.Equal(Enumerable.Range(0, whole), await DeniedTokensAsync(store));
                Assert.Equal(end, new FileInfo(JournalPath).Length);
                if (cut % 10 == 0)
                {
                    await DenyAsync(store, Token(whole));
                }
            }

            await using var again = Open();
            Assert.Equal(0, again.Outcome.TornBytes);
            Assert.Equal(whole + (cut % 10 == 0 ? 1 : 0), again.Outcome.Items);
        }
    }

    [Fact]
    public async Task Any_changed_byte_before_the_last_record_is_refused_with_file_and_offset_and_changes_nothing()
    {
        var (journal, ends) = await WriteRulesAsync();
        for (var at = 0; at < ends[^2]; at++)
        {
            var damaged = journal.ToArray();
            damaged[at] ^= (byte)(1 << (at % 8));
            Overwrite(damaged);

            var refused = Assert.Throws<SessionStoreUnavailableException>(Open);

            Assert.Contains(JournalPath, refused.Message, StringComparison.Ordinal);
            if (at >= HeaderLength)
            {
                var record = at < ends[0] ? HeaderLength : ends.Last(end => end <= at);
                Assert.Contains($"damaged at offset {record}:", refused.Message, StringComparison.Ordinal);
            }

            Assert.Equal(damaged, await File.ReadAllBytesAsync(JournalPath, Cancel));
        }

        Overwrite(journal);
        await using var healthy = Open();
        Assert.Equal(Rules, healthy.Outcome.Items);
    }

    [Fact]
    public async Task A_changed_byte_in_the_last_record_looks_like_a_torn_tail_and_is_reported_as_one()
    {
        var (journal, ends) = await WriteRulesAsync();
        for (var at = ends[^2]; at < journal.Length; at++)
        {
            var damaged = journal.ToArray();
            damaged[at] ^= 0x10;
            Overwrite(damaged);

            await using var store = Open();

            Assert.Equal(journal.Length - ends[^2], store.Outcome.TornBytes);
            Assert.Equal(Rules - 1, store.Outcome.Items);
        }
    }

    [Theory]
    [InlineData(1, (byte)0)]
    [InlineData(19, (byte)0)]
    [InlineData(100_000, (byte)0)] // Blocks the file system had added, and not written when the power failed.
    [InlineData(3_000_000, (byte)0xFF)]
    public async Task What_was_never_a_record_is_cut_off_the_end(int length, byte filling)
    {
        var (journal, _) = await WriteRulesAsync();
        Overwrite([.. journal, .. Enumerable.Repeat(filling, length)]);

        await using var store = Open();

        Assert.Equal(length, store.Outcome.TornBytes);
        Assert.Equal(Rules, store.Outcome.Items);
    }

    [Fact]
    public async Task A_write_of_several_records_that_lost_its_first_block_is_cut_off_as_a_whole()
    {
        var journal = await WriteTogetherAsync();
        var last = Records(journal).GroupBy(record => record.WriteStart).Last();
        Assert.True(last.Count() >= 3);
        journal.AsSpan(last.Key, 30).Clear(); // Good records of the same write follow.
        Overwrite(journal);

        await using var store = Open();

        Assert.Equal(journal.Length - last.Key, store.Outcome.TornBytes);
        Assert.Equal(Records(journal[..last.Key]).Count, store.Outcome.Items);
    }

    [Fact]
    public async Task A_write_of_several_records_that_is_damaged_is_refused_when_another_one_follows()
    {
        var journal = await WriteTogetherAsync();
        var damaged = Records(journal).GroupBy(record => record.WriteStart).Last().Key;
        Overwrite(journal);
        await using (var store = Open())
        {
            await DenyAsync(store, Token(-1));
        }

        var longer = await File.ReadAllBytesAsync(JournalPath, Cancel);
        longer[damaged + 25] ^= 1;
        Overwrite(longer);

        var refused = Assert.Throws<SessionStoreUnavailableException>(Open);
        Assert.Contains($"damaged at offset {damaged}: good records follow at offset {journal.Length}", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(-1, false)] // Behind itself.
    [InlineData(1, false)] // In the header.
    [InlineData(int.MaxValue, false)]
    [InlineData(int.MinValue, false)]
    public async Task A_record_whose_write_began_where_none_can_is_refused(int distance, bool isTaken)
    {
        var (journal, _) = await WriteRulesAsync();
        var forged = JournalFiles.Write(journal, JournalFiles.Payloads(journal), null, offset => offset == HeaderLength ? distance : 0);
        Overwrite(forged);

        if (isTaken)
        {
            await using var store = Open();
            Assert.Equal(Rules, store.Outcome.Items);
            return;
        }

        var refused = Assert.Throws<SessionStoreUnavailableException>(Open);
        Assert.Contains($"a record at offset {HeaderLength}", refused.Message, StringComparison.Ordinal);
        Assert.Equal(forged, await File.ReadAllBytesAsync(JournalPath, Cancel));
    }

    [Theory]
    [InlineData(1, 1, 0x01, true)] // Kind and region of a rule.
    [InlineData(1, 1, 0x31, true)] // In the last region.
    [InlineData(1, 1, 0x41, false)]
    [InlineData(1, 1, 0x00, false)]
    [InlineData(1, 1, 0x07, false)]
    [InlineData(1, 43, 0x80, false)] // The sign of its watermark,
    [InlineData(1, -32, 0x80, false)] // its generation,
    [InlineData(1, -20, 0x80, false)] // and its run of graces.
    [InlineData(0, 1, 64, true)] // The shards of a head.
    [InlineData(0, 1, 65, false)]
    [InlineData(0, 1, 0, false)]
    [InlineData(0, 3, 3, true)] // Its regions beyond the first.
    [InlineData(0, 3, 4, false)]
    [InlineData(0, 12, 0x80, false)] // The signs of its durations,
    [InlineData(0, 20, 0x80, false)]
    [InlineData(0, 28, 0x80, false)]
    [InlineData(0, 12, 0x7F, false)] // and thousands of years.
    [InlineData(0, 20, 0x7F, false)]
    [InlineData(0, 28, 0x7F, false)]
    [InlineData(2, 24, 0x80, false)] // The sign of a feed item's stamp,
    [InlineData(2, 32, 0x80, false)] // and its watermark.
    public async Task A_record_that_no_store_writes_is_refused(int record, int at, byte value, bool isTaken)
    {
        await using (var store = Open())
        {
            await store.RaiseHeadAsync(new(), Time.GetUtcNow(), Cancel);
            await DenyAsync(store, Token(0));
            await store.WriteFeedAsync(new(Token(0).RuleKey, 1, 0, IsStanding: false), Time.GetUtcNow() + TimeSpan.FromDays(1), Cancel);
        }

        var journal = await File.ReadAllBytesAsync(JournalPath, Cancel);
        var payloads = JournalFiles.Payloads(journal);
        payloads[record][at < 0 ? ^-at : at] = value;
        var changed = JournalFiles.Write(journal, payloads, null, _ => 0);
        Overwrite(changed);

        if (isTaken)
        {
            await using var store = Open();
            Assert.Single((await store.ListAsync(Issuer, null, StoreLimits.ItemsPerPage, Cancel)).Items);
            return;
        }

        var refused = Assert.Throws<SessionStoreUnavailableException>(Open);
        Assert.Contains($"a record at offset {Records(changed)[record].Offset}", refused.Message, StringComparison.Ordinal);
        Assert.StartsWith("What it holds ", refused.InnerException?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Records_of_another_journal_in_reused_blocks_are_not_taken_for_its_own()
    {
        var (other, _) = await WriteRulesAsync();
        File.Delete(JournalPath);
        var (journal, ends) = await WriteRulesAsync();
        Overwrite([.. journal[..ends[4]], .. other[ends[4]..]]);

        await using var store = Open();

        Assert.Equal(5, store.Outcome.Items);
        Assert.Equal(other.Length - ends[4], store.Outcome.TornBytes);
    }

    [Fact]
    public async Task A_compacted_journal_that_is_shorter_than_it_was_written_is_refused()
    {
        await using (var store = Open())
        {
            await DenyAsync(store, Token(0));
            await CompactAsync(store);
        }

        var journal = await File.ReadAllBytesAsync(JournalPath, Cancel);
        var sealedLength = (int)BinaryPrimitives.ReadInt64LittleEndian(journal.AsSpan(24));
        Assert.InRange(sealedLength, HeaderLength + 1, journal.Length);

        Overwrite(journal.AsSpan(0, sealedLength));
        await using (var store = Open())
        {
            Assert.Equal(2, store.Outcome.Items);
        }

        Overwrite(journal.AsSpan(0, sealedLength - 1));
        var refused = Assert.Throws<SessionStoreUnavailableException>(Open);
        Assert.Contains($"whole up to offset {sealedLength}", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_journal_of_a_newer_version_is_refused_with_both_versions()
    {
        var (journal, _) = await WriteRulesAsync();
        BinaryPrimitives.WriteInt32LittleEndian(journal.AsSpan(8), 2);
        Overwrite(journal);

        var refused = Assert.Throws<SessionStoreUnavailableException>(Open);

        Assert.Contains("version 2, and this program reads version 1", refused.Message, StringComparison.Ordinal);
        Assert.Equal(journal, await File.ReadAllBytesAsync(JournalPath, Cancel));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(39)]
    [InlineData(500)]
    public async Task What_is_not_a_journal_is_refused(int length)
    {
        await WriteRulesAsync();
        Overwrite(Enumerable.Repeat((byte)'x', length).ToArray());

        var refused = Assert.Throws<SessionStoreUnavailableException>(Open);

        Assert.Contains($"{JournalPath} cannot be used: it is not a journal", refused.Message, StringComparison.Ordinal);
        Assert.Equal(length, new FileInfo(JournalPath).Length);
    }

    /// <summary>A journal of ten rules, each with a write of its own, and where each of them ends.</summary>
    private async Task<(byte[] Journal, List<int> Ends)> WriteRulesAsync()
    {
        var ends = new List<int>();
        await using (var store = Open())
        {
            for (var i = 0; i < Rules; i++)
            {
                await DenyAsync(store, Token(i));
                ends.Add((int)new FileInfo(JournalPath).Length);
            }
        }

        return (await File.ReadAllBytesAsync(JournalPath, Cancel), ends);
    }

    /// <summary>A journal that ends with several records of one write.</summary>
    private async Task<byte[]> WriteTogetherAsync()
    {
        await using (var store = Open())
        {
            await Task.WhenAll(Enumerable.Range(0, 500).Select(i => DenyAsync(store, Token(i))));
        }

        var journal = await File.ReadAllBytesAsync(JournalPath, Cancel);
        var records = Records(journal);
        var shared = records.GroupBy(record => record.WriteStart).Last(write => write.Count() >= 3);
        var next = records.FindIndex(record => record.WriteStart > shared.Key);
        return next < 0 ? journal : journal[..records[next].Offset];
    }
}
