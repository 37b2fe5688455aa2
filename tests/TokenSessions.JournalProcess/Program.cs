using System.Diagnostics;
using System.Globalization;
using TokenSessions.Issuing.Stores;
using TokenSessions.Validation.Denylist;

const string Issuer = "https://issuer.example";
var longReason = new string('r', StoreLimits.ReasonBytes);
var time = TimeProvider.System;
var requests = 0;

return args switch
{
    ["write", var directory] => await WriteUntilKilledAsync(directory),
    ["hold", var directory] => await HoldAsync(directory),
    ["fill", var directory] => await FillAsync(directory),
    ["measure", var directory, .. var writers] => await MeasureAsync(directory, writers),
    ["grow", var directory, var items] => await GrowAsync(directory, int.Parse(items, CultureInfo.InvariantCulture)),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("""
        write DIRECTORY                  writes from 16 tasks until it is killed or standard input ends, and prints what was
                                         acknowledged
        hold DIRECTORY                   owns the store until standard input ends
        fill DIRECTORY                   writes until that fails, then prints how every call answers
        measure DIRECTORY [WRITERS]...   changes per second with so many concurrent writers
        grow DIRECTORY ITEMS             what so many live items cost: memory, the longest wait, the next start
        """);
    return 2;
}

// Lines: "rule VALUE", "generation SESSION N", "watermark VALUE T", each printed after the store acknowledged it.
async Task<int> WriteUntilKilledAsync(string directory)
{
    await using var store = JournalStore.Open(directory, time);
    Console.WriteLine("open");
    _ = Task.Run(() =>
    {
        Console.In.ReadToEnd();
        Environment.Exit(0); // Whoever started this is gone.
    });
    var run = Environment.ProcessId;
    await Task.WhenAll(Enumerable.Range(0, 16).Select(writer => Task.Run(async () =>
    {
        var session = new AuthorityKey(Issuer, RuleKind.Session, $"session-{run}-{writer}");
        var subject = new AuthorityKey(Issuer, RuleKind.Subject, $"subject-{writer}");
        for (var i = 0; ; i++)
        {
            var token = new AuthorityKey(Issuer, RuleKind.Token, $"token-{run}-{writer}-{i}");
            await store.DenyAsync(NewDenial(token, ""), default);
            Console.WriteLine($"rule {token.Value}");

            var now = time.GetUtcNow();
            var advanced = await store.AdvanceAsync(new(session, i, now, 0, now.AddDays(30), NextRequest()), default);
            Console.WriteLine($"generation {session.Value} {advanced.Item.Generation}");

            // Of these only the last one matters, so that there is much to compact.
            var raised = await store.DenyAsync(NewDenial(subject, longReason), default);
            Console.WriteLine($"watermark {subject.Value} {raised.Watermark}");
        }
    })));
    return 0;
}

async Task<int> HoldAsync(string directory)
{
    await using var store = JournalStore.Open(directory, time);
    Console.WriteLine("open");
    await Console.In.ReadToEndAsync();
    return 0;
}

async Task<int> FillAsync(string directory)
{
    await using var store = JournalStore.Open(directory, time);
    await store.RaiseHeadAsync(new() { Window = TimeSpan.FromHours(1) }, time.GetUtcNow(), default);
    var first = new AuthorityKey(Issuer, RuleKind.Token, "token-0");
    for (var i = 0; ; i++)
    {
        try
        {
            await store.DenyAsync(NewDenial(first with { Value = $"token-{i}" }, longReason), default);
            Console.WriteLine($"rule token-{i}");
        }
        catch (SessionStoreUnavailableException)
        {
            Console.WriteLine("failed");
            break;
        }
    }

    var now = time.GetUtcNow();
    await AnswerAsync("ReadAsync", () => store.ReadAsync([first], default));
    await AnswerAsync("DenyAsync", () => store.DenyAsync(NewDenial(first, ""), default));
    await AnswerAsync("WriteFeedAsync", () => store.WriteFeedAsync(new(first.RuleKey, 1, 0, false), now, default));
    await AnswerAsync("MarkFedAsync", () => store.MarkFedAsync(first, 0, default));
    var session = new AuthorityKey(Issuer, RuleKind.Session, "session");
    await AnswerAsync("AdvanceAsync", () => store.AdvanceAsync(new(session, 0, now, 0, now, NextRequest()), default));
    await AnswerAsync("NoteGraceAsync", () => store.NoteGraceAsync(session, 0, default));
    await AnswerAsync("ListAsync", () => store.ListAsync(Issuer, null, 10, default));
    await AnswerAsync("ReadHeadAsync", () => store.ReadHeadAsync(default));
    await AnswerAsync("RaiseHeadAsync", () => store.RaiseHeadAsync(new(), now, default));
    await AnswerAsync("feed", () => ((IDenylistFeed)store).ReadAsync(null, default));
    return 0;
}

static async Task AnswerAsync(string name, Func<Task> call)
{
    try
    {
        await call();
        Console.WriteLine($"answer {name} given");
    }
    catch (Exception e)
    {
        Console.WriteLine($"answer {name} {e.GetType().Name}");
    }
}

async Task<int> MeasureAsync(string directory, string[] writers)
{
    var duration = TimeSpan.FromSeconds(3);
    await using var store = JournalStore.Open(directory, time);
    foreach (var count in writers.Length == 0 ? [1, 64] : writers.Select(text => int.Parse(text, CultureInfo.InvariantCulture)))
    {
        var took = new List<double>[count];
        var start = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, count).Select(writer => Task.Run(async () =>
        {
            took[writer] = [];
            var session = new AuthorityKey(Issuer, RuleKind.Session, $"measured-{count}-{writer}");
            for (var i = 0; Stopwatch.GetElapsedTime(start) < duration; i++)
            {
                var (now, before) = (time.GetUtcNow(), Stopwatch.GetTimestamp());
                await store.AdvanceAsync(new(session, i, now, 0, now.AddDays(30), NextRequest()), default);
                took[writer].Add(Stopwatch.GetElapsedTime(before).TotalMilliseconds);
            }
        })));

        var all = took.SelectMany(times => times).Order().ToArray();
        Console.WriteLine(FormattableString.Invariant(
            $"{count} writers: {all.Length / duration.TotalSeconds:F0} changes/s, median {all[all.Length / 2]:F2} ms, 99 % within {all[all.Length * 99 / 100]:F2} ms"));
    }

    return 0;
}

async Task<int> GrowAsync(string directory, int items)
{
    const int Writers = 64;
    var longest = new double[Writers];
    await using (var store = JournalStore.Open(directory, time))
    {
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            for (var i = writer; i < items; i += Writers)
            {
                var (now, before) = (time.GetUtcNow(), Stopwatch.GetTimestamp());
                var session = new AuthorityKey(Issuer, RuleKind.Session, $"session-{i:D14}");
                await store.AdvanceAsync(new(session, 0, now, 0, now.AddDays(30), NextRequest()), default);
                longest[writer] = Math.Max(longest[writer], Stopwatch.GetElapsedTime(before).TotalMilliseconds);
            }
        })));
    }

    var (empty, start) = (GC.GetTotalMemory(forceFullCollection: true), Stopwatch.GetTimestamp());
    await using var reopened = JournalStore.Open(directory, time);
    var took = Stopwatch.GetElapsedTime(start);
    var memory = GC.GetTotalMemory(forceFullCollection: true) - empty;
    var file = new FileInfo(reopened.Outcome.JournalPath).Length;
    Console.WriteLine(FormattableString.Invariant(
        $"{reopened.Outcome.Items} items: longest wait {longest.Max():F0} ms, start {took.TotalMilliseconds:F0} ms, {memory / items} bytes of memory and {file / items} of journal each"));
    return 0;
}

Denial NewDenial(AuthorityKey key, string reason)
{
    var now = time.GetUtcNow();
    return new(key, now, now.AddDays(31), reason, "admin", NextRequest());
}

string NextRequest() => $"request-{Interlocked.Increment(ref requests)}-{Environment.ProcessId}";
