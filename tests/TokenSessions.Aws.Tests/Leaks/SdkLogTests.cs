using Amazon.KeyManagementService;
using TokenSessions.Aws.Tests.Keys;
using TokenSessions.Aws.Tests.Sessions;
using TokenSessions.Service.Tests.Leaks;

namespace TokenSessions.Aws.Tests.Leaks;

/// <summary>An application that uses the libraries may let the AWS SDK log all that it is sent and answered.</summary>
[Collection(nameof(ProcessEnvironment))]
public sealed class SdkLogTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Sessions_on_AWS_give_no_token_away(bool isWrapped)
    {
        using var log = new SdkLog();
        await using var issuer = await IssuerOnAws.CreateAsync(isWrapped);
        var tokens = await issuer.RefreshAsync(await issuer.StartAsync());
        issuer.Table.Requests.Decide = _ => Servers.Faults.Fault.ServerError;
        await Assert.ThrowsAnyAsync<Exception>(() => issuer.RefreshAsync(tokens));

        Assert.Contains(log.Lines, line => line.Contains("BatchGetItem", StringComparison.Ordinal));
        Assert.DoesNotContain(log.Lines, issuer.Secrets.AreIn);
    }

    [Fact]
    public async Task What_AWS_answers_would_be_noticed()
    {
        using var log = new SdkLog();
        await using var kms = await TestKms.StartAsync();
        var secrets = new Secrets();
        var key = await kms.MakeRawAsync(new() { KeyUsage = KeyUsageType.ENCRYPT_DECRYPT, KeySpec = KeySpec.SYMMETRIC_DEFAULT });
        secrets.Add(key.Split('/')[^1]);

        Assert.Contains(log.Lines, secrets.AreIn);
    }
}
