using System.Buffers;
using System.Collections.Concurrent;
using System.Text.Json;
using Amazon.KeyManagementService;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace TokenSessions.Aws.Tests.Servers.Kms;

/// <summary>KMS on loopback: its protocol and real cryptography, all regions at one address, and faults as they are wanted.</summary>
/// <remarks>The region of a request is the one it was signed for. Keys live as long as the stand-in.</remarks>
internal sealed class KmsStandIn : IAsyncDisposable
{
    private const string TargetPrefix = "TrentService.";
    private const string ContentType = "application/x-amz-json-1.1";
    private const int MaxBody = 64 * 1024;

    private readonly WebApplication _app;
    private readonly KmsOperations _operations = new(new());
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<(string Region, string Operation), int> _calls = new();
    private readonly ConcurrentDictionary<string, int> _ordinals = new();
    private int _inFlight;
    private int _mostInFlight;

    // Set by tests while requests run. A TimeSpan may tear, its ticks do not.
    private long _latencyTicks;
    private volatile Func<KmsCall, KmsFault>? _faults;
    private volatile IReadOnlyCollection<string> _regionsDown = [];

    private KmsStandIn()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseSetting(WebHostDefaults.ServerUrlsKey, "http://127.0.0.1:0");
        builder.WebHost.ConfigureKestrel(server => server.AddServerHeader = false);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(1));
        _app = builder.Build();
        _app.Run(AnswerAsync);
    }

    public Uri Address { get; private set; } = null!;

    /// <summary>How long every answer takes at least.</summary>
    public TimeSpan Latency
    {
        get => new(Interlocked.Read(ref _latencyTicks));
        set => Interlocked.Exchange(ref _latencyTicks, value.Ticks);
    }

    /// <summary>Decides what goes wrong with each request; null for nothing.</summary>
    public Func<KmsCall, KmsFault>? Faults
    {
        get => _faults;
        set => _faults = value;
    }

    /// <summary>Regions whose connections end without an answer.</summary>
    public IReadOnlyCollection<string> RegionsDown
    {
        get => _regionsDown;
        set => _regionsDown = value;
    }

    /// <summary>The largest number of requests that were being answered at the same time, since the counters were reset.</summary>
    public int MostInFlight => Volatile.Read(ref _mostInFlight);

    public static async Task<KmsStandIn> StartAsync()
    {
        var standIn = new KmsStandIn();
        await standIn._app.StartAsync();
        standIn.Address = new(standIn._app.Urls.Single());
        return standIn;
    }

    /// <summary>How many requests came, those included that went wrong or were refused.</summary>
    /// <param name="operation">Such as <c>Sign</c>; null for all.</param>
    /// <param name="region">Null for all.</param>
    public int Calls(string? operation = null, string? region = null) => _calls
        .Where(call => (operation ?? call.Key.Operation) == call.Key.Operation && (region ?? call.Key.Region) == call.Key.Region)
        .Sum(call => call.Value);

    /// <summary>Counts from 0 again; ordinals from 1.</summary>
    public void ResetCalls()
    {
        _calls.Clear();
        _ordinals.Clear();
        Volatile.Write(ref _mostInFlight, 0);
    }

    /// <summary>What a process needs in its environment to use this stand-in.</summary>
    public IReadOnlyDictionary<string, string> Settings => TestCredentials.Settings(KmsEndpoint.EndpointVariable, Address);

    /// <summary>A client of the real SDK. It retries nothing, so that every fault is seen; the settings may be changed.</summary>
    public IAmazonKeyManagementService CreateClient(string region, Action<AmazonKeyManagementServiceConfig>? configure = null) =>
        KmsEndpoint.CreateClient(Address, region, TestCredentials.Value, configure);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _app.DisposeAsync();
        _stopping.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        InterlockedMax(ref _mostInFlight, Interlocked.Increment(ref _inFlight));
        try
        {
            var body = await ReadAsync(context.Request);
            var json = new ArrayBufferWriter<byte>();
            int status;
            KmsFault fault;
            try
            {
                (status, fault) = (StatusCodes.Status200OK, await DoAsync(context, body, json));
            }
            catch (KmsException refused)
            {
                (status, fault) = (refused.Status, KmsFault.None);
                WriteError(refused, json);
            }

            await SendAsync(context, status, fault, json);
        }
        finally
        {
            Interlocked.Decrement(ref _inFlight);
        }
    }

    /// <summary>Signature, latency and faults, in this order; then the operation itself.</summary>
    private async Task<KmsFault> DoAsync(HttpContext context, byte[] body, ArrayBufferWriter<byte> answer)
    {
        var target = context.Request.Headers["X-Amz-Target"].ToString();
        if (context.Request.Method != "POST" || context.Request.Path != "/" || !target.StartsWith(TargetPrefix, StringComparison.Ordinal))
        {
            throw new KmsException("UnknownOperationException", "");
        }

        var region = SignatureV4.Verify(context.Request, body);
        var operation = target[TargetPrefix.Length..];
        _calls.AddOrUpdate((region, operation), 1, (_, count) => count + 1);
        var ordinal = _ordinals.AddOrUpdate(operation, 1, (_, count) => count + 1);
        if (Latency > TimeSpan.Zero)
        {
            await Task.Delay(Latency, _stopping.Token);
        }

        var fault = RegionsDown.Contains(region) ? KmsFault.Drop : Faults?.Invoke(new(region, operation, ordinal)) ?? KmsFault.None;
        ThrowIfRefused(fault);
        if (fault is KmsFault.Drop or KmsFault.Hang)
        {
            return fault;
        }

        using var document = ParseBody(body);
        await using var json = new Utf8JsonWriter(answer);
        json.WriteStartObject();
        _operations.Do(operation, new(region, document.RootElement), fault, json);
        json.WriteEndObject();
        return fault;
    }

    private static void ThrowIfRefused(KmsFault fault)
    {
        var refused = fault switch
        {
            KmsFault.Throttle => new KmsException("ThrottlingException", "Rate exceeded"),
            KmsFault.ServerError => new("KMSInternalException", "An internal error occurred.", StatusCodes.Status500InternalServerError),
            KmsFault.AccessDenied => new("AccessDeniedException", "User is not authorized to perform this operation."),
            KmsFault.ExpiredToken => new("ExpiredTokenException", "The security token included in the request is expired"),
            _ => null,
        };
        if (refused is not null)
        {
            throw refused;
        }
    }

    private async Task SendAsync(HttpContext context, int status, KmsFault fault, ArrayBufferWriter<byte> json)
    {
        if (fault == KmsFault.Hang)
        {
            using var ends = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _stopping.Token);
            await Task.Delay(Timeout.InfiniteTimeSpan, ends.Token).ContinueWith(_ => { }, TaskScheduler.Default);
        }

        if (fault is KmsFault.Hang or KmsFault.Drop or KmsFault.DropAnswer)
        {
            context.Abort();
            return;
        }

        context.Response.StatusCode = status;
        context.Response.ContentType = ContentType;
        context.Response.ContentLength = json.WrittenCount;
        context.Response.Headers["x-amzn-RequestId"] = Guid.NewGuid().ToString();
        await context.Response.Body.WriteAsync(json.WrittenMemory);
    }

    private static void WriteError(KmsException error, ArrayBufferWriter<byte> answer)
    {
        answer.ResetWrittenCount(); // An operation may have written half of its answer.
        using var json = new Utf8JsonWriter(answer);
        json.WriteStartObject();
        json.WriteString("__type", error.Type);
        json.WriteString("message", error.Message);
        json.WriteEndObject();
    }

    private static JsonDocument ParseBody(byte[] body)
    {
        try
        {
            return JsonDocument.Parse(body);
        }
        catch (JsonException)
        {
            throw new KmsException("SerializationException", "");
        }
    }

    private static async Task<byte[]> ReadAsync(HttpRequest request)
    {
        var body = new byte[Math.Min(request.ContentLength ?? 0, MaxBody)];
        await request.Body.ReadExactlyAsync(body);
        return body;
    }

    private static void InterlockedMax(ref int most, int value)
    {
        for (var seen = most; value > seen;)
        {
            var before = Interlocked.CompareExchange(ref most, value, seen);
            if (before == seen)
            {
                return;
            }

            seen = before;
        }
    }
}
