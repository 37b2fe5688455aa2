using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace TokenSessions.Service.Users;

/// <summary>What a password is checked against when nobody has the name, so that the time of the answer does not tell which names exist.</summary>
/// <remarks>
/// Users may have hashes that cost differently. If every unknown name cost the same, another cost would betray a user. So each
/// unknown name gets the cost of some user, drawn by a hash of the name: always the same for one name, as a user's own would be,
/// and each cost as often as users have it. The hash is keyed, or anyone could compute what a name costs if nobody has it.
/// </remarks>
internal sealed class Decoys
{
    /// <summary>The length of the key, in bytes.</summary>
    public const int KeyLength = 32;

    private readonly byte[] _key;
    private readonly string[] _hashes;

    /// <summary>One for every user.</summary>
    /// <param name="hashes">The hashes of all users, each one that <see cref="Passwords.FindCost"/> knows.</param>
    /// <param name="key">A secret of this process: with another one all names draw anew.</param>
    public Decoys(IEnumerable<string> hashes, byte[] key)
    {
        _key = key;

        // In order of cost, so that one user more or less changes the cost of few names.
        _hashes =
        [
            .. hashes.Select(hash => Passwords.FindCost(hash, out _)!.Value)
                .DefaultIfEmpty(Passwords.Cost)
                .GroupBy(cost => cost)
                .OrderBy(costs => costs.Key.Iterations)
                .ThenBy(costs => costs.Key.Prf)
                .ThenBy(costs => costs.Key.HashLength)
                .ThenBy(costs => costs.Key.SaltLength)
                .SelectMany(costs => Enumerable.Repeat(Passwords.Decoy(costs.Key), costs.Count())),
        ];
    }

    /// <summary>The decoy of a name: a hash that no password matches.</summary>
    public string For(string name)
    {
        Span<byte> drawn = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes(name), drawn);
        return _hashes[(int)Math.BigMul(BinaryPrimitives.ReadUInt64BigEndian(drawn), (ulong)_hashes.Length, out _)];
    }
}
