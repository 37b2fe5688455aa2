using System.Text.Json.Nodes;
using Amazon.DynamoDBv2;
using Amazon.KeyManagementService;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using TokenSessions.Aws.Tests.Servers;
using TokenSessions.Aws.Tests.Servers.Kms;
using TokenSessions.Service.Tests.Processes;

namespace TokenSessions.Aws.Tests.Processes;

/// <summary>
/// The commands, and starts that cannot succeed, as an operator meets them: one sentence that names the resource and what helps,
/// no stack trace, no secret, and nothing half done.
/// </summary>
public sealed class CommandTests(CommandTests.Fixture fixture) : IClassFixture<CommandTests.Fixture>, IDisposable
{
    private const string Nowhere = "http://127.0.0.1:9";
    private const string WebIdentity = "who this container is, signed by its cluster";
    private const string SessionToken = "a-session-of-the-role-that-STS-gave";

    private static readonly string ServiceRegion = TestCredentials.Region;

    private Deployment Deployment => fixture.Deployment;

    private string RingDirectory => Path.GetDirectoryName(Deployment.RingPath)!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => Deployment.Kms.StandIn.Faults = null;

    public static TheoryData<string, string, string> Starts => new()
    {
        { "TokenSessions__DynamoDb__Table", "nosuchtable", "DynamoDB table nosuchtable in REGION: the table does not exist; create it (" },
        { "TokenSessions__DynamoDb__Table", "my table", "TokenSessions:DynamoDb:Table (environment variable TokenSessions__DynamoDb__Table) must be 3 to 255 of the characters" },
        { "TokenSessions__AnnounceTime", "40.00:00:00", "TokenSessions:AnnounceTime (environment variable TokenSessions__AnnounceTime) must be from 0 to 30.00:00:00" },
        { "AWS_ENDPOINT_URL_DYNAMODB", Nowhere, $"in REGION: {Nowhere} cannot be reached (ConnectionRefused)" },
        { "AWS_ENDPOINT_URL_DYNAMODB", "nonsense", "AWS_ENDPOINT_URL_DYNAMODB" },
        { "AWS_ENDPOINT_URL_KMS", Nowhere, $"in REGION: {Nowhere} cannot be reached (ConnectionRefused)" },
        { "AWS_ENDPOINT_URL_KMS", "nonsense", "AWS_ENDPOINT_URL_KMS" },
    };

    [Theory]
    [MemberData(nameof(Starts))]
    public async Task A_setting_that_cannot_be_served_is_named_with_what_helps(string setting, string value, string expected)
    {
        var (exitCode, output) = await Deployment.RunAsync([], new() { [setting] = value });

        AssertRefused(expected.Replace("REGION", ServiceRegion, StringComparison.Ordinal), exitCode, output);
    }

    /// <summary>As containers get them. Trimmed too, although the SDK finds the client of STS by reflection.</summary>
    [Fact]
    public async Task Credentials_of_a_role_are_fetched_from_STS_with_the_token_in_a_file()
    {
        var address = RunningProcess.FreeAddress();
        var asked = "";
        await using var sts = WebApplication.CreateSlimBuilder().Build();
        sts.Urls.Add(address.ToString());
        sts.MapPost("/", async (HttpRequest request) =>
        {
            asked = (await request.ReadFormAsync(Cancelled))["WebIdentityToken"].ToString();
            return Results.Text(
                $"""
                <AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials>
                <AccessKeyId>{TestCredentials.AccessKey}</AccessKeyId><SecretAccessKey>{TestCredentials.SecretKey}</SecretAccessKey>
                <SessionToken>{SessionToken}</SessionToken><Expiration>{DateTimeOffset.UtcNow.AddHours(1):yyyy-MM-ddTHH:mm:ssZ}</Expiration>
                </Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>
                """,
                "text/xml");
        });
        await sts.StartAsync(Cancelled);
        var token = Path.Combine(RingDirectory, "..", "web-identity");
        await File.WriteAllTextAsync(token, WebIdentity, Cancelled);
        Deployment.Learn(WebIdentity);
        Deployment.Learn(SessionToken);

        var (exitCode, output) = await Deployment.RunAsync(["table", "check"], new()
        {
            ["AWS_ACCESS_KEY_ID"] = "",
            ["AWS_SECRET_ACCESS_KEY"] = "",
            ["AWS_WEB_IDENTITY_TOKEN_FILE"] = token,
            ["AWS_ROLE_ARN"] = "arn:aws:iam::111122223333:role/service",
            ["AWS_ENDPOINT_URL_STS"] = address.ToString(),
        });

        Assert.True(exitCode == 0, output);
        Assert.Equal(WebIdentity, asked);
    }

    [Fact]
    public async Task Without_a_region_that_is_told()
    {
        var (exitCode, output) = await Deployment.RunAsync(
            ["table", "check"], new() { ["AWS_REGION"] = "", ["AWS_ENDPOINT_URL_DYNAMODB"] = "", ["AWS_EC2_METADATA_DISABLED"] = "true" });

        AssertRefused("no AWS region is set. Set AWS_REGION", exitCode, output);
    }

    [Fact]
    public async Task A_table_with_other_keys_is_told_with_both()
    {
        var table = DynamoDbServer.NewTableName();
        using var dynamo = (await DynamoDbServer.GetAsync()).CreateClient();
        await dynamo.CreateTableAsync(new()
        {
            TableName = table,
            BillingMode = BillingMode.PAY_PER_REQUEST,
            AttributeDefinitions = [new("id", ScalarAttributeType.S)],
            KeySchema = [new("id", KeyType.HASH)],
        }, Cancelled);
        const string Expected = "its keys are id (HASH, S), but must be pk (HASH, S) and sk (RANGE, S). Keys cannot be changed: create another table.";

        foreach (string[] command in (string[][])[[], ["table", "check"], ["table", "create"]])
        {
            var (exitCode, output) = await Deployment.RunAsync(command, new() { ["TokenSessions__DynamoDb__Table"] = table });
            AssertRefused($"DynamoDB table {table} in {ServiceRegion}: {Expected}", exitCode, output);
        }
    }

    public static TheoryData<string, string> Troubles => new()
    {
        { nameof(KmsFault.AccessDenied), "no permission for kms:Decrypt (AccessDeniedException" },
        { nameof(KmsFault.ExpiredToken), "the AWS credentials of this process have expired (ExpiredTokenException" },
        { nameof(KmsFault.Throttle), "AWS throttles kms:Decrypt (ThrottlingException" },
        { "Disabled", "the key is disabled: enable it" },
        { "PendingDeletion", "the key cannot be used in its state: cancel its deletion" },
    };

    [Theory]
    [MemberData(nameof(Troubles))]
    public async Task A_start_that_cannot_open_its_wrapped_keys_names_ring_key_and_remedy(string trouble, string expected)
    {
        using var kms = Deployment.Kms.CreateClient(ServiceRegion);
        switch (trouble)
        {
            case "Disabled":
                await kms.DisableKeyAsync(Deployment.WrappingKey, Cancelled);
                break;
            case "PendingDeletion":
                await kms.ScheduleKeyDeletionAsync(Deployment.WrappingKey, Cancelled);
                break;
            default:
                Deployment.Kms.StandIn.Faults = _ => Enum.Parse<KmsFault>(trouble);
                break;
        }

        var (exitCode, output) = await Deployment.RunAsync([]);

        if (trouble == "PendingDeletion")
        {
            await kms.CancelKeyDeletionAsync(Deployment.WrappingKey, Cancelled);
        }

        Deployment.Kms.StandIn.Faults = null;
        await kms.EnableKeyAsync(Deployment.WrappingKey, Cancelled);
        AssertRefused(expected, exitCode, output);
        Assert.StartsWith($"{Deployment.RingPath}: keys[", output, StringComparison.Ordinal);
        Assert.Contains($"KMS key {Deployment.WrappingKey.Split('/')[1]} in {ServiceRegion}", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_ring_that_names_a_key_of_another_algorithm_is_refused()
    {
        using var kms = Deployment.Kms.CreateClient(ServiceRegion);
        var rsa = await kms.CreateKeyAsync(new() { KeySpec = KeySpec.RSA_3072, KeyUsage = KeyUsageType.SIGN_VERIFY }, Cancelled);
        var ring = JsonNode.Parse(await File.ReadAllBytesAsync(Deployment.RingPath, Cancelled))!;
        var token = ring["keys"]!.AsArray().First(key => (string?)key!["source"] == "kms")!.AsObject();

        token["alg"] = "ES384";
        var (pinnedExit, pinned) = await Deployment.RunAsync(["keys", "list"], new() { ["TokenSessions__KeyRing"] = Write(ring) });
        token["alg"] = "ES256";
        token["kms_key"] = rsa.KeyMetadata.Arn;
        token.Remove("public");
        var (askedExit, asked) = await Deployment.RunAsync([], new() { ["TokenSessions__KeyRing"] = Write(ring) });

        AssertRefused("crv must be P-384 for ES384", pinnedExit, pinned);
        AssertRefused($"KMS key {rsa.KeyMetadata.KeyId} in {ServiceRegion}", askedExit, asked);
        Assert.Contains("a key of spec RSA_3072 does not sign with ES256", asked, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("keys")]
    [InlineData("keys", "lst")]
    [InlineData("keys", "list", "all")]
    [InlineData("keys", "init")]
    [InlineData("keys", "init", "--wrap-under")]
    [InlineData("keys", "init", "--wrap-under", "")]
    [InlineData("keys", "init", "--wrap-under", "KEY", "--sign", "file")]
    [InlineData("keys", "init", "--wrap-under", "KEY", "--alg", "HS256")]
    [InlineData("keys", "init", "--wrap-under", "KEY", "--sign", "kms-wrapped", "--multi-region")]
    [InlineData("keys", "add", "--source", "kms")]
    [InlineData("keys", "add", "sign", "feed", "--source", "file")]
    [InlineData("keys", "add", "sign", "sign", "--source", "file")]
    [InlineData("keys", "add", "sign", "--source", "kms", "--source", "file")]
    [InlineData("keys", "add", "sign", "--source", "kms", "--kms-key", "")]
    [InlineData("keys", "add", "sign", "--source", "kms", "--kms-key", "KEY", "--multi-region")]
    [InlineData("keys", "add", "sign", "--source", "file", "--kms-key", "KEY")]
    [InlineData("keys", "add", "sign", "--source", "file", "--region", "eu-west-1")]
    [InlineData("keys", "add", "feed", "--source", "kms-wrapped")]
    [InlineData("keys", "add", "feed", "--source", "file", "--alg", "RS256")]
    [InlineData("keys", "add", "feed", "--source", "kms-wrapped", "--kms-key", "KEY", "--alg", "RS256")]
    [InlineData("keys", "add", "seal", "--source", "file", "--alg", "ES256")]
    [InlineData("table")]
    [InlineData("table", "creat")]
    [InlineData("tabel", "create")]
    [InlineData("users", "ad", "demo")]
    public async Task A_misspelt_command_shows_the_usage_and_does_nothing(params string[] command)
    {
        Deployment.Kms.StandIn.ResetCalls();
        var before = Files();

        var (exitCode, output) = await Deployment.RunAsync([.. command.Select(word => word == "KEY" ? Deployment.WrappingKey : word)]);

        Assert.Equal(2, exitCode);
        Assert.StartsWith("usage: ", output, StringComparison.Ordinal);
        Assert.Equal(before, Files());
        Assert.Equal(0, Deployment.Kms.StandIn.Calls("CreateKey"));
    }

    [Theory]
    [InlineData("2026-01-31T12:00:00Z", "before every verifier can know the key")]
    [InlineData("2027-01-31T12:00:00", "--starts-at must be a time as in RFC 3339")] // In which zone?
    [InlineData("tomorrow", "--starts-at must be a time as in RFC 3339")]
    public async Task A_key_that_would_start_too_early_or_at_no_time_is_not_even_made(string startsAt, string expected)
    {
        Deployment.Kms.StandIn.ResetCalls();
        var before = Files();
        foreach (var source in (string[])["kms", "file"])
        {
            var (exitCode, output) = await Deployment.RunAsync(["keys", "add", "sign", "--source", source, "--starts-at", startsAt]);
            AssertRefused(expected, exitCode, output);
        }

        Assert.Equal(before, Files());
        Assert.Equal(0, Deployment.Kms.StandIn.Calls("CreateKey"));
    }

    [Fact]
    public async Task A_key_that_the_ring_refuses_leaves_no_file_and_one_that_stands_in_it_is_not_called_left_over()
    {
        var ring = JsonNode.Parse(await File.ReadAllBytesAsync(Deployment.RingPath, Cancelled))!;
        var token = ring["keys"]!.AsArray().First(key => (string?)key!["source"] == "kms")!;
        var before = Files();

        var (twiceExit, twice) = await Deployment.RunAsync(["keys", "add", "sign", "--source", "kms", "--kms-key", (string)token["kms_key"]!]);
        var (fileExit, file) = await Deployment.RunAsync(
            ["keys", "add", "sign", "--source", "file"], new() { ["ASPNETCORE_ENVIRONMENT"] = "Production", ["TokenSessions__Issuer"] = "https://id.example", ["TokenSessions__Audience"] = "api" });

        AssertRefused("kid stands in the file twice", twiceExit, twice);
        Assert.DoesNotContain("In no ring", twice, StringComparison.Ordinal);
        AssertRefused("", fileExit, file);
        Assert.Equal(before, Files());
    }

    [Fact]
    public async Task When_KMS_fails_halfway_no_ring_is_left_and_every_key_that_was_made_is_named()
    {
        var path = Path.Combine(RingDirectory, "halfway.json");
        Deployment.Kms.StandIn.ResetCalls();
        Deployment.Kms.StandIn.Faults = call => call is { Operation: "CreateKey", Ordinal: 2 } ? KmsFault.AccessDenied : KmsFault.None;

        var (exitCode, output) = await Deployment.RunAsync(
            ["keys", "init", "--wrap-under", Deployment.WrappingKey], new() { ["TokenSessions__KeyRing"] = path });

        AssertRefused("no permission for kms:CreateKey", exitCode, output);
        Assert.Contains("In no ring stand: arn:aws:kms:", output, StringComparison.Ordinal);
        Assert.False(File.Exists(path));
    }

    [Fact]
    public async Task A_ring_that_was_written_is_called_written_although_its_revoked_keys_cannot_be_read()
    {
        var path = Path.Combine(RingDirectory, "other.json");

        var (exitCode, output) = await Deployment.RunAsync(
            ["keys", "init", "--wrap-under", Deployment.WrappingKey, "--sign", "kms-wrapped"],
            new() { ["TokenSessions__KeyRing"] = path, ["AWS_ENDPOINT_URL_DYNAMODB"] = "nonsense" });
        var (againExit, again) = await Deployment.RunAsync(
            ["keys", "init", "--wrap-under", Deployment.WrappingKey], new() { ["TokenSessions__KeyRing"] = path });

        Assert.True(exitCode == 0, output);
        Assert.Contains("which keys are revoked cannot be read", output, StringComparison.Ordinal);
        Assert.Contains("feed  ES256    kms-wrapped  Standby", output, StringComparison.Ordinal);
        AssertRefused("exists already", againExit, again);
        File.Delete(path);
    }

    private static void AssertRefused(string expected, int exitCode, string output)
    {
        Assert.True(exitCode == 1, $"{exitCode}: {output}");
        Assert.True(output.Contains(expected, StringComparison.Ordinal), output);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
        Assert.DoesNotContain("(Parameter '", output, StringComparison.Ordinal);
    }

    private string Write(JsonNode ring)
    {
        var path = Path.Combine(RingDirectory, "..", "changed.json");
        File.WriteAllText(path, ring.ToJsonString());
        return path;
    }

    /// <summary>Everything beside the ring, and the ring itself.</summary>
    private string Files() => string.Join('\n', Directory.GetFiles(RingDirectory).Order().Append(File.ReadAllText(Deployment.RingPath)));

    /// <summary>One deployment without running processes, for all tests.</summary>
    public sealed class Fixture : IAsyncLifetime
    {
        internal Deployment Deployment { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Deployment = await Deployment.CreateAsync();

        public ValueTask DisposeAsync() => Deployment?.DisposeAsync() ?? ValueTask.CompletedTask;
    }
}
