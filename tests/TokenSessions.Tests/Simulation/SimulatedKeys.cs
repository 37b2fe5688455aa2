using System.Net;
using System.Security.Cryptography;
using Amazon;
using Amazon.KeyManagementService;
using Amazon.KeyManagementService.Model;
using Amazon.Runtime;
using TokenSessions.Aws.Keys;
using TokenSessions.Issuing.Keys;
using TokenSessions.Tests.Denylist;
using TokenSessions.Tests.Issuing.Keys;

namespace TokenSessions.Tests.Simulation;

/// <summary>One key ring for all worlds, made once: its signing keys are in a KMS, and its next keys start while a run goes on.</summary>
internal sealed class SimulatedKeys : IDisposable
{
    private const string KeyName = "arn:aws:kms:eu-west-1:111122223333:key/";

    private readonly RingDirectory _ring = new(new StandingClock(SimulatedTime.Start.AddDays(-1)));
    private readonly Dictionary<string, ECDsa> _privateHalves = [];
    private readonly ECDsa _another = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly Kms _kms;

    public SimulatedKeys()
    {
        _ring.Add("sign", SimulatedTime.Start.AddMinutes(6));
        _ring.Add("seal", SimulatedTime.Start.AddMinutes(9));
        foreach (var key in _ring.Of("sign"))
        {
            var name = KeyName + Guid.CreateVersion7();
            var privateHalf = ECDsa.Create();
            privateHalf.ImportFromPem(File.ReadAllText(_ring.FileOf(key)));
            _privateHalves.Add(name, privateHalf);
            (key["source"], key["kms_key"]) = ("kms", name);
            key.Remove("file");
        }

        _ring.Save();
        _kms = new(this);
        SigningKeyIds = IdsOf("sign");
        SealingKeyIds = IdsOf("seal");
    }

    /// <summary>In the order of their starts.</summary>
    public IReadOnlyList<string> SigningKeyIds { get; }

    /// <inheritdoc cref="SigningKeyIds"/>
    public IReadOnlyList<string> SealingKeyIds { get; }

    /// <summary>Signs the feeds of all services.</summary>
    public FeedKey FeedKey { get; } = new();

    /// <summary>The ring as a node opens it at its start.</summary>
    public KeyRingFile Open(TimeProvider clock)
    {
        var clients = new KmsClients(new() { Region = "eu-west-1" }, clock, _ => _kms);
        return KeyRingFile.OpenAsync(_ring.Path, RingDirectory.Options, clock, [new KmsKeySource(clients)]).GetAwaiter().GetResult();
    }

    /// <summary>A signature of nobody's.</summary>
    public byte[] SignWithAnother(byte[] signingInput) => _another.SignData(signingInput, HashAlgorithmName.SHA256);

    public void Dispose()
    {
        _ring.Dispose();
        _kms.Dispose();
        _another.Dispose();
        foreach (var key in _privateHalves.Values)
        {
            key.Dispose();
        }
    }

    private string[] IdsOf(string purpose) =>
        [.. _ring.Of(purpose).OrderBy(key => (string)key["starts_at"]!, StringComparer.Ordinal).Select(key => (string)key["kid"]!)];

    /// <summary>KMS: the product's own client talks to it.</summary>
    private sealed class Kms(SimulatedKeys keys)
        : AmazonKeyManagementServiceClient(new AnonymousAWSCredentials(), RegionEndpoint.EUWest1)
    {
        public override Task<SignResponse> SignAsync(SignRequest request, CancellationToken cancellationToken = default)
        {
            var digest = request.Message.ToArray();
            return World.CallAsync(
                CallKind.Sign,
                "sign",
                call => new SignResponse
                {
                    KeyId = request.KeyId,
                    SigningAlgorithm = request.SigningAlgorithm,
                    Signature = new((call.Twist is Fault.Wrong ? keys._another : keys.Of(request.KeyId))
                        .SignHash(digest, DSASignatureFormat.Rfc3279DerSequence)),
                },
                answer => answer,
                problem => problem.Contains(nameof(Fault.Throttled), StringComparison.Ordinal)
                    ? new AmazonKeyManagementServiceException(problem) { ErrorCode = "ThrottlingException", StatusCode = HttpStatusCode.BadRequest }
                    : new AmazonKeyManagementServiceException(problem) { StatusCode = HttpStatusCode.InternalServerError },
                cancellationToken);
        }
    }

    private ECDsa Of(string name) => _privateHalves.First(key => key.Key.EndsWith(name, StringComparison.Ordinal)).Value;

    private sealed class StandingClock(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
