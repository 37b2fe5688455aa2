using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using TokenSessions.Validation.Keys;

namespace TokenSessions.Issuing.Keys;

/// <summary>Where the private halves of a ring's keys are, other than in local files: a KMS, for one.</summary>
public interface IKeySource
{
    /// <summary>The <c>source</c> of the entries it opens.</summary>
    string Name { get; }

    /// <summary>The members of an entry that this source alone knows. Every other unknown one is refused.</summary>
    IReadOnlyCollection<string> Members { get; }

    /// <summary>Opens the key of one entry, each time a ring file is loaded.</summary>
    /// <param name="item">The entry.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="KeyRingException">The entry cannot be used, or its key cannot be had; the message begins with <see cref="KeyRingItem.Where"/>.</exception>
    Task<OpenedKey> OpenAsync(KeyRingItem item, CancellationToken cancellationToken);
}

/// <summary>One entry of a ring file, its common members read and checked.</summary>
/// <param name="KeyId">The <c>kid</c>.</param>
/// <param name="Purpose">What the key is for.</param>
/// <param name="Algorithm">The <c>alg</c>: of a signature, or <c>A256GCM</c> for a sealing key.</param>
/// <param name="VerificationKey">
/// The published half, as <c>public</c> pins it; its thumbprint is <paramref name="KeyId"/>. Null where nothing is pinned, and for a sealing key.
/// </param>
/// <param name="Members">The whole entry, for the source's own members. Good only until the key was opened.</param>
/// <param name="Where">File, place and kid, to begin a message with.</param>
public sealed record KeyRingItem(
    string KeyId, KeyPurpose Purpose, string Algorithm, VerificationKey? VerificationKey, JsonElement Members, string Where)
{
    /// <summary>A member that must be a string and not empty.</summary>
    /// <param name="name">Its name.</param>
    /// <exception cref="KeyRingException">It is not.</exception>
    public string Text(string name) => Text(Members, name, Where);

    /// <summary>The place alone.</summary>
    public override string ToString() => Where;

    internal static string Text(JsonElement entry, string name, string where) =>
        entry.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text
            ? text
            : throw new KeyRingException($"{where}: {name} must be a string that is not empty.");
}

/// <summary>What a source gave: a key that signs elsewhere, or the plaintext of one that is used in this process.</summary>
public sealed class OpenedKey
{
    private OpenedKey(ISigningKey? remote, byte[]? plaintext) => (Remote, Plaintext) = (remote, plaintext);

    /// <summary>The key that signs elsewhere; null if the plaintext is here.</summary>
    public ISigningKey? Remote { get; }

    /// <summary>The private half itself; null if it stays elsewhere. Its owner clears it.</summary>
    [SuppressMessage("Performance", "CA1819", Justification = "The very array has to be cleared, not a copy.")]
    public byte[]? Plaintext { get; }

    /// <summary>A signing key whose private half stays where it is. Disposed with the ring, if it can be.</summary>
    /// <param name="key">The key. Its published half has the entry's <c>kid</c>.</param>
    public static OpenedKey Of(ISigningKey key) => new(key ?? throw new ArgumentNullException(nameof(key)), null);

    /// <summary>The private half itself: PKCS#8 of a signing key, 32 bytes of a sealing key.</summary>
    /// <param name="plaintext">Owned and cleared by the ring from here on.</param>
    public static OpenedKey Of(byte[] plaintext) => new(null, plaintext ?? throw new ArgumentNullException(nameof(plaintext)));
}
