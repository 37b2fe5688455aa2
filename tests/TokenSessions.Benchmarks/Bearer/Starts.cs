using System.Diagnostics;
using TokenSessions.Benchmarks.Measuring;
using TokenSessions.Benchmarks.Traffic;
using TokenSessions.Tests.Validation;

namespace TokenSessions.Benchmarks.Bearer;

/// <summary>How long after the start of its process an API gives the first good answer to a bearer token: keys fetched, denylist read.</summary>
internal static class Starts
{
    private const int Rounds = 9;
    private const double MostOfJit = 0.7;
    private const double MostOfJitWhenNative = 0.25;

    public static async Task<IReadOnlyList<Row>> MeasureAsync(Effort effort)
    {
        var folder = Directory.CreateTempSubdirectory("tokensessions-benchmark-");
        try
        {
            var jit = await PublishAsync("just in time", "jit");
            string[] trimmed = ["-r", "linux-x64", "--self-contained", "-p:PublishTrimmed=true", "-p:PublishReadyToRun=true"];
            // As one: compiled apart, it starts hardly sooner than just in time (measured 0.9 of it, as one 0.55).
            var readyToRun = await PublishAsync(
                "self-contained, trimmed, ReadyToRun as one composite", "ready", [.. trimmed, "-p:PublishReadyToRunComposite=true"]);
            var native = await PublishAsync("Native AOT", "native", "-r", "linux-x64", "-p:Aot=true");
            Api[] inOneProgram = [.. new[] { ApiVariant.None, ApiVariant.Ours, ApiVariant.Microsofts }.Select(variant => new Api(variant.Title, ServedApi.Command(variant)))];
            return Describe(await MeasureAsync([.. inOneProgram, jit, readyToRun, native]));
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        async Task<Api> PublishAsync(string title, string form, params string[] options)
        {
            var (command, missing) = await PublishedApi.PublishAsync(folder.FullName, form, options);
            return new(title, command, missing);
        }
    }

    /// <summary>Rounds in each of which every API is started once, in turning order; the first only fills the caches of the disk.</summary>
    private static async Task<IReadOnlyList<(Api Api, Figure? Figure)>> MeasureAsync(Api[] apis)
    {
        using var keySet = new CountingKeySet();
        using var pinned = Cores.ForClient();
        var request = Connection.Get(ServedApi.UserPath, new TestToken(DateTimeOffset.UtcNow).Sign());
        var times = apis.ToDictionary(api => api, _ => new List<double>());
        for (var round = -1; round < Rounds; round++)
        {
            foreach (var api in (round % 2 == 0 ? apis : apis.Reverse()).Where(api => api.Command is not null))
            {
                var took = await StartAsync(api, keySet.Address, request);
                if (round >= 0)
                {
                    times[api].Add(took.TotalNanoseconds);
                }
            }
        }

        return [.. apis.Select(api => (api, api.Command is null ? null : new Figure(api.Name, [.. times[api]], 0)))];
    }

    private static async Task<TimeSpan> StartAsync(Api api, Uri keySet, byte[] request)
    {
        var startedAt = Stopwatch.GetTimestamp();
        await using var process = await ServedApi.StartAsync(keySet, api.Command!);
        using var connection = new Connection(process.Address);
        connection.Send(request);
        var status = connection.Receive();
        var took = Stopwatch.GetElapsedTime(startedAt);
        return status == 200 ? took : throw new InvalidOperationException($"{api.Name} answered {status}:\n{process.Output}");
    }

    private static IReadOnlyList<Row> Describe(IReadOnlyList<(Api Api, Figure? Figure)> results)
    {
        var (ours, microsofts, jit) = (results[1].Figure!, results[2].Figure!, results[3].Figure);
        var ofMicrosofts = ours.RatioTo(microsofts);
        return
        [
            Row.Of(
                $"start: from the start of an API's process to its first good answer ({Rounds} starts in turns, {Cores.Description}), {results[0].Api.Name}",
                $"{results[0].Figure}", $"{Row.Times(results[0].Figure!.RatioTo(ours))} of `AddTokenSessions`"),
            Row.Of($"… {ours.Name}", "≤ `AddJwtBearer`", $"{ours}", $"{Row.Times(ofMicrosofts)} of `AddJwtBearer`", ofMicrosofts <= 1),
            Row.Of($"… {microsofts.Name}", $"{microsofts}", $"{Row.Times(microsofts.RatioTo(ours))} of `AddTokenSessions`"),
            Published("… an API with `AddTokenSessions` alone, ", results[3], jit, 0),
            Published("… … ", results[4], jit, MostOfJit),
            Published("… … ", results[5], jit, MostOfJitWhenNative),
        ];
    }

    /// <param name="before">Of its name.</param>
    /// <param name="result">What it took.</param>
    /// <param name="jit">What the same takes just in time.</param>
    /// <param name="most">Of that; 0 where there is no target.</param>
    private static Row Published(string before, (Api Api, Figure? Figure) result, Figure? jit, double most)
    {
        var what = before + result.Api.Name;
        if (result.Figure is null || jit is null)
        {
            return Row.Of($"{what}: left out, {result.Api.Missing}", $"{result.Figure}");
        }

        var ratio = result.Figure.RatioTo(jit);
        return most == 0
            ? Row.Of(what, $"{result.Figure}")
            : Row.Of(what, $"≤ {Row.Times(most)} of just in time", $"{result.Figure}", Row.Times(ratio), ratio <= most);
    }

    /// <param name="Name">For the row.</param>
    /// <param name="Command">Starts it; null if it cannot be had here.</param>
    /// <param name="Missing">Why not.</param>
    private sealed record Api(string Name, string[]? Command, string Missing = "");
}
