using System.Diagnostics;
using System.Text;
using Amazon.KeyManagementService;
using TokenSessions.Aws.Tests.Servers;
using TokenSessions.Aws.Tests.Servers.Kms;
using TokenSessions.Service.Tests.Leaks;
using TokenSessions.Service.Tests.Processes;

namespace TokenSessions.Aws.Tests.Processes;

/// <summary>
/// What a production deployment shares: a table for each region, KMS, a key ring made by the service's own commands, users; and
/// the processes that use it. With <c>TOKENSESSIONS_SERVICE</c> naming an executable, that one runs in place of the service just built.
/// </summary>
internal sealed class Deployment : IAsyncDisposable
{
    public const string Password = "correct-horse-battery-staple";

    private static readonly TimeSpan CommandLimit = TimeSpan.FromSeconds(60);
    private static readonly string ServiceProgram =
        Environment.GetEnvironmentVariable("TOKENSESSIONS_SERVICE") ?? RunningProcess.Built("TokenSessions.Service");

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("tokensessions-deployment-");
    private readonly ProcessWatch _watch = new();
    private readonly DynamoDbServer _dynamo;
    private readonly IReadOnlyDictionary<string, string> _kmsEnvironment;

    private Deployment(DynamoDbServer dynamo, KmsEndpoint kms, IReadOnlyList<string> tables)
    {
        (_dynamo, Kms, Tables) = (dynamo, kms, tables);
        _kmsEnvironment = kms.Settings;
        _watch.Secrets.Add(Password);
        foreach (var name in (string[])["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"])
        {
            _watch.Secrets.Add(kms.Settings.GetValueOrDefault(name) ?? Environment.GetEnvironmentVariable(name) ?? "");
        }

        Addresses = [.. tables.Count > 1 ? tables.Select(_ => RunningProcess.FreeAddress()) : [RunningProcess.FreeAddress(), RunningProcess.FreeAddress()]];
    }

    public KmsEndpoint Kms { get; }

    /// <summary>One for each region.</summary>
    public IReadOnlyList<string> Tables { get; }

    /// <summary>Where services listen. The first is the issuer.</summary>
    public IReadOnlyList<Uri> Addresses { get; }

    public string Issuer => Addresses[0].ToString().TrimEnd('/');

    public string RingPath => Path.Combine(_directory.FullName, "keys", "ring.json");

    /// <summary>The symmetric key in KMS under which feed and sealing keys are wrapped.</summary>
    public string WrappingKey { get; private set; } = "";

    private string UsersPath => Path.Combine(_directory.FullName, "users.json");

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>Makes everything but the processes, with the commands an operator would use.</summary>
    /// <param name="regions">How many regions; each has a table of its own.</param>
    public static async Task<Deployment> CreateAsync(int regions = 1)
    {
        var tables = Enumerable.Range(0, regions).Select(_ => DynamoDbServer.NewTableName()).ToArray();
        var deployment = new Deployment(await DynamoDbServer.GetAsync(), await KmsEndpoint.StartAsync(), tables);
        try
        {
            await deployment.PrepareAsync();
            return deployment;
        }
        catch
        {
            await deployment.DisposeAsync();
            throw;
        }
    }

    /// <summary>A client whose requests and answers tell what must not be told elsewhere.</summary>
    public SessionClient NewClient() => new(Issuer, Password, _watch);

    /// <summary>Adds a user who may read reports, with the same password as all.</summary>
    public Task AddUserAsync(string name) => SucceedAsync(0, ["users", "add", name, "--scope", "reports.read"], Password);

    /// <summary>From here on nothing may tell this.</summary>
    public void Learn(string secret) => _watch.Secrets.Add(secret);

    /// <summary>Starts a service.</summary>
    /// <param name="address">One of <see cref="Addresses"/>, by its place.</param>
    /// <param name="region">Its region, and so its table.</param>
    /// <param name="overrides">Environment variables that differ from the deployment's.</param>
    public Task<RunningProcess> StartServiceAsync(int address, int region = 0, IReadOnlyDictionary<string, string>? overrides = null) =>
        StartAsync(ServiceProgram, Addresses[address], Settings(region, $"service-{address}"), overrides);

    /// <summary>Starts a sample API.</summary>
    /// <param name="readsTable">True to read revocations from the first region's table; false from the issuer's signed feed.</param>
    /// <param name="address">Where it is to listen; null for anywhere.</param>
    /// <param name="overrides">Environment variables that differ from the deployment's.</param>
    public Task<RunningProcess> StartApiAsync(bool readsTable, Uri? address = null, IReadOnlyDictionary<string, string>? overrides = null)
    {
        var settings = Common();
        settings["TokenSessions__Issuer"] = Issuer;
        if (readsTable)
        {
            settings["TokenSessions__DynamoDb__Table"] = Tables[0];
        }

        return StartAsync(RunningProcess.Built("TokenSessions.SampleApi"), address ?? RunningProcess.FreeAddress(), settings, overrides);
    }

    /// <summary>Runs a command of the service to its end.</summary>
    /// <param name="arguments">The command.</param>
    /// <param name="overrides">Settings that differ from the deployment's.</param>
    /// <param name="input">Standard input.</param>
    public Task<(int ExitCode, string Output)> RunAsync(
        string[] arguments, Dictionary<string, string>? overrides = null, string input = "") => RunAsync(0, arguments, overrides, input);

    /// <summary>Ends everything. Fails if anything has told a secret.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await _watch.EndAsync(_directory);
        }
        finally
        {
            await _watch.DisposeAsync();
            await Kms.DisposeAsync();
            _directory.Delete(recursive: true);
        }
    }

    private async Task PrepareAsync()
    {
        using var kms = Kms.CreateClient(TestCredentials.Region);
        var wrapping = await kms.CreateKeyAsync(
            new() { KeySpec = KeySpec.SYMMETRIC_DEFAULT, KeyUsage = KeyUsageType.ENCRYPT_DECRYPT }, Cancelled);
        WrappingKey = wrapping.KeyMetadata.Arn;
        for (var region = 0; region < Tables.Count; region++)
        {
            await SucceedAsync(region, ["table", "create"]);
        }

        await SucceedAsync(0, ["keys", "init", "--wrap-under", WrappingKey]);
        await AddUserAsync("demo");
        await SucceedAsync(0, ["users", "add", "admin", "--scope", "tokensessions.admin"], Password);
    }

    private async Task SucceedAsync(int region, string[] arguments, string input = "")
    {
        var (exitCode, output) = await RunAsync(region, arguments, null, input);
        Assert.True(exitCode == 0, output);
    }

    private async Task<(int ExitCode, string Output)> RunAsync(
        int region, string[] arguments, Dictionary<string, string>? overrides, string input)
    {
        var start = RunningProcess.Describe(ServiceProgram, [.. Settings(region, "command").Concat(overrides ?? [])]);
        Array.ForEach(arguments, start.ArgumentList.Add);
        start.RedirectStandardInput = true;
        using var process = Process.Start(start)!;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        limit.CancelAfter(CommandLimit);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(limit.Token);
            var error = process.StandardError.ReadToEndAsync(limit.Token);
            await process.StandardInput.BaseStream.WriteAsync(Encoding.UTF8.GetBytes(input), limit.Token);
            process.StandardInput.Close();
            await process.WaitForExitAsync(limit.Token);
            var printed = await output + await error;
            _watch.Told($"command {string.Join(' ', arguments)}", printed);
            return (process.ExitCode, printed);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }

    private Task<RunningProcess> StartAsync(
        string program, Uri address, Dictionary<string, string> settings, IReadOnlyDictionary<string, string>? overrides) =>
        _watch.StartAsync(program, address, [.. settings, .. overrides ?? new Dictionary<string, string>()], Cancelled);

    private Dictionary<string, string> Settings(int region, string name)
    {
        var settings = Common();
        settings["TokenSessions__Issuer"] = Issuer;
        settings["TokenSessions__Store"] = "dynamodb";
        settings["TokenSessions__DynamoDb__Table"] = Tables[region];
        settings["TokenSessions__KeyRing"] = RingPath;
        settings["TokenSessions__Users"] = UsersPath;
        settings["TokenSessions__DataDirectory"] = Path.Combine(_directory.FullName, name);
        for (var i = 0; i < Tables.Count && Tables.Count > 1; i++)
        {
            settings["TokenSessions__Region"] = $"{region}";
            settings[$"TokenSessions__Regions__{i}__Address"] = Addresses[i].ToString();
        }

        return settings;
    }

    private Dictionary<string, string> Common()
    {
        var settings = new Dictionary<string, string>(_dynamo.Settings) { ["ASPNETCORE_ENVIRONMENT"] = "Development" };
        foreach (var (name, value) in _kmsEnvironment)
        {
            settings[name] = value;
        }

        return settings;
    }
}
