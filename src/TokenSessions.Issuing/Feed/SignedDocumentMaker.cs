using System.Buffers;
using System.Buffers.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using TokenSessions.Issuing.Keys;
using TokenSessions.Validation.Denylist;
using TokenSessions.Validation.Jose;

namespace TokenSessions.Issuing.Feed;

/// <summary>Makes one document of the feed: lazily, once for all who wait, at most once a second, and again only if it would differ.</summary>
internal sealed class SignedDocumentMaker(
    Func<ISigningKey?> feedKey, TimeProvider time, Func<DenylistSnapshot, DenylistDocument> describe)
{
    private static readonly TimeSpan SigningTimeout = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private Making? _last;

    public Task<SignedFeedAnswer> GetAsync(DenylistSnapshot snapshot, CancellationToken cancellationToken)
    {
        if (feedKey() is not { } key)
        {
            return Task.FromResult(new SignedFeedAnswer(null, "The key ring has no feed key in use."));
        }

        Task<SignedFeedAnswer> task;
        lock (_gate)
        {
            if (_last is null || !Serves(_last, snapshot, key))
            {
                // On the pool, and not ended by one caller's cancellation: the others wait for the same document.
                _last = new(snapshot, key.VerificationKey.KeyId, time.GetTimestamp(), Task.Run(() => MakeAsync(snapshot, key)));
            }

            task = _last.Task;
        }

        return task.WaitAsync(cancellationToken);
    }

    /// <summary>Failures too are kept for the interval; only what was made well, and of this snapshot, is kept longer.</summary>
    private bool Serves(Making last, DenylistSnapshot snapshot, ISigningKey key) =>
        last.KeyId == key.VerificationKey.KeyId // Nothing more under a key that was revoked or superseded.
        && (!last.Task.IsCompleted
            || time.GetElapsedTime(last.StartedAt) < SignedFeed.MakeInterval
            || (last.Snapshot == snapshot && last.Task is { IsCompletedSuccessfully: true, Result.Document: not null }));

    private async Task<SignedFeedAnswer> MakeAsync(DenylistSnapshot snapshot, ISigningKey key)
    {
        if (key.VerificationKey.Algorithm != SignatureAlgorithm.ES256)
        {
            return new(null, $"The feed key {key.VerificationKey.KeyId} is made for {key.VerificationKey.Algorithm}; readers accept ES256 alone.");
        }

        var standing = snapshot.Rules.Count(rule => rule.IsStanding);
        if (standing > DenylistDocument.MaxStandingRules)
        {
            return new(null, $"The denylist has {standing} standing rules; readers accept {DenylistDocument.MaxStandingRules}.");
        }

        var (header, payload) = (Header(key.VerificationKey.KeyId), describe(snapshot).ToJson());
        var signatureLength = Base64Url.GetEncodedLength(2 * SignatureAlgorithm.ES256.CoordinateLength);
        var length = (long)Base64Url.GetEncodedLength(header.Length) + 1 + Base64Url.GetEncodedLength(payload.Length) + 1 + signatureLength;
        if (length > DenylistDocument.MaxLength)
        {
            return new(null, $"The denylist of {snapshot.Rules.Count} rules takes {length} bytes; readers accept {DenylistDocument.MaxLength}.");
        }

        var document = new byte[length];
        var written = Base64Url.EncodeToUtf8(header, document);
        document[written++] = (byte)'.';
        written += Base64Url.EncodeToUtf8(payload.Span, document.AsSpan(written));
        var signingInput = document.AsMemory(0, written);
        document[written++] = (byte)'.';

        using var deadline = new CancellationTokenSource(SigningTimeout, time);
        try
        {
            var signature = await key.SignAsync(signingInput, deadline.Token).AsTask().WaitAsync(deadline.Token).ConfigureAwait(false);
            Base64Url.EncodeToUtf8(signature, document.AsSpan(written));
            return new(document, "");
        }
        catch (SigningKeyUnavailableException e)
        {
            return new(null, e.Message);
        }
        catch (OperationCanceledException)
        {
            return new(null, $"The feed key {key.VerificationKey.KeyId} did not sign within {SigningTimeout.TotalSeconds} s.");
        }
    }

    private static byte[] Header(string keyId)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping })) // The plus stays one.
        {
            json.WriteStartObject();
            json.WriteString("alg", SignatureAlgorithm.ES256.Name);
            json.WriteString("kid", keyId);
            json.WriteString("typ", DenylistDocument.Type);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private sealed record Making(DenylistSnapshot Snapshot, string KeyId, long StartedAt, Task<SignedFeedAnswer> Task);
}
