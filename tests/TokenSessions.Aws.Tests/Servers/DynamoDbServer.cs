using System.ComponentModel;
using System.Diagnostics;
using Amazon.DynamoDBv2;
using Amazon.Runtime;
using TokenSessions.Tests;

namespace TokenSessions.Aws.Tests.Servers;

/// <summary>The DynamoDB the tests talk to: a server process of their own, or the endpoint the environment names.</summary>
/// <remarks>
/// All tests of a process share one, so each uses table names of its own. It ends with this process, however that ends:
/// the server's launcher (<c>dynamodb.mjs</c>) waits for the end of its standard input.
/// </remarks>
internal sealed class DynamoDbServer : IDisposable
{
    public const string EndpointVariable = "AWS_ENDPOINT_URL_DYNAMODB";

    private static readonly string Folder = Path.Combine(SourceTree.Root, "tests", "TokenSessions.Aws.Tests");
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);
    private static readonly Lazy<Task<(DynamoDbServer? Server, string? Missing)>> Shared = new(StartSharedAsync);

    private readonly Process? _launcher;

    private DynamoDbServer(Uri address, string name, Process? launcher) =>
        (Address, IsDynalite, _launcher) = (address, name == "dynalite", launcher);

    public Uri Address { get; }

    /// <summary>
    /// True where the server is the one for platforms without a binary: it has no time to live, transactions or deletion
    /// protection, and does not tell the item on which a condition failed.
    /// </summary>
    public bool IsDynalite { get; }

    /// <summary>True when the environment named the endpoint: it may be the real one, with real credentials.</summary>
    public bool IsFromEnvironment => _launcher is null;

    /// <summary>What a process needs in its environment to use this server: nothing where the environment has it already.</summary>
    public IReadOnlyDictionary<string, string> Settings =>
        IsFromEnvironment ? new Dictionary<string, string>() : TestCredentials.Settings(EndpointVariable, Address);

    /// <summary>The server all tests share; skips the running test where there can be none.</summary>
    public static async Task<DynamoDbServer> GetAsync()
    {
        var (server, missing) = await Shared.Value;
        if (server is null)
        {
            Prerequisite.Missing(missing!);
        }

        return server;
    }

    /// <summary>A dynalite of one's own, whatever this platform would use; skips the running test where there can be none.</summary>
    public static async Task<DynamoDbServer> StartDynaliteAsync()
    {
        var (server, missing) = await StartAsync("dynalite");
        if (server is null)
        {
            Prerequisite.Missing(missing!);
        }

        return server;
    }

    /// <summary>A table name nobody else uses, also when several runs share an endpoint.</summary>
    public static string NewTableName() => $"TokenSessionsTest-{Guid.NewGuid():N}";

    /// <summary>A client of the real SDK. It retries nothing, so that every fault is seen; the settings may be changed.</summary>
    /// <param name="handlers">What stands between the SDK and the wire, outermost first.</param>
    /// <param name="configure">Last changes to the client's settings.</param>
    public IAmazonDynamoDB CreateClient(DelegatingHandler[]? handlers = null, Action<AmazonDynamoDBConfig>? configure = null)
    {
        var config = new AmazonDynamoDBConfig
        {
            ServiceURL = Address.ToString(),
            AuthenticationRegion = TestCredentials.Region,
            HttpClientFactory = new SdkHandlers(handlers ?? []),
            RetryMode = RequestRetryMode.Standard,
            MaxErrorRetry = 0,
            MaxStaleConnectionRetries = 0, // Counted apart, and 10 by default: one dropped connection would be eleven requests.
        };
        configure?.Invoke(config);
        return IsFromEnvironment ? new AmazonDynamoDBClient(config) : new AmazonDynamoDBClient(TestCredentials.Value, config);
    }

    public void Dispose()
    {
        _launcher?.StandardInput.Close();
        _launcher?.WaitForExit();
        _launcher?.Dispose();
    }

    private static async Task<(DynamoDbServer?, string?)> StartSharedAsync() =>
        Environment.GetEnvironmentVariable(EndpointVariable) is { Length: > 0 } endpoint
            ? (new(new(endpoint), name: "", launcher: null), null)
            : await StartAsync();

    private static async Task<(DynamoDbServer?, string?)> StartAsync(params string[] arguments)
    {
        if (await NodePackages.InstallAsync(Folder) is { } problem)
        {
            return (null, $"No DynamoDB server: {problem} Or set {EndpointVariable}.");
        }

        var start = new ProcessStartInfo("node", [Path.Combine(Folder, "Servers", "dynamodb.mjs"), .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            var launcher = Process.Start(start)!;
            var said = launcher.StandardError.ReadToEndAsync(); // Also keeps the pipe from filling up.
            var line = await launcher.StandardOutput.ReadLineAsync().WaitAsync(StartLimit);
            return line?.Split(' ') is [var name, var address]
                ? (new(new(address), name, launcher), null)
                : throw new InvalidOperationException($"The DynamoDB server did not start: {await said}");
        }
        catch (Win32Exception)
        {
            return (null, $"No DynamoDB server: node is missing: install Node.js 18 or later. Or set {EndpointVariable}.");
        }
    }
}
