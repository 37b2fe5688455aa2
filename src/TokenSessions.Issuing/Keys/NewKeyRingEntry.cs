using System.Text.Json;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Issuing.Keys;

/// <summary>A key that was made and stands in no ring file yet.</summary>
/// <param name="KeyId">The <c>kid</c>.</param>
/// <param name="Purpose">What it is for.</param>
/// <param name="Source">Where its private half is: <c>file</c>, or the name of an <see cref="IKeySource"/>.</param>
/// <param name="Algorithm">The <c>alg</c> of a signing key, or <c>A256GCM</c>.</param>
/// <param name="VerificationKey">The published half; null for a sealing key.</param>
/// <param name="Members">The members of its source, such as <c>file</c>, in the order they are written.</param>
public sealed record NewKeyRingEntry(
    string KeyId, KeyPurpose Purpose, string Source, string Algorithm, VerificationKey? VerificationKey,
    IReadOnlyList<KeyValuePair<string, JsonElement>> Members);
