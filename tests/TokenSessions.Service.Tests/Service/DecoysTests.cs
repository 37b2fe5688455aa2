using System.Buffers.Binary;
using TokenSessions.Service.Users;

namespace TokenSessions.Service.Tests.Service;

public sealed class DecoysTests
{
    private const uint Sha256 = 1;
    private const uint Sha512 = 2;

    private static readonly byte[] Key = [.. Enumerable.Repeat((byte)1, Decoys.KeyLength)];
    private static readonly byte[] OtherKey = [.. Enumerable.Repeat((byte)2, Decoys.KeyLength)];

    [Fact]
    public void Names_nobody_has_draw_the_costs_of_the_users_each_as_often_as_users_have_it()
    {
        string[] users = [Hash(Sha256, 600_000, 16, 32), Hash(Sha256, 600_000, 16, 32), Hash(Sha512, 700_000, 16, 32), Hash(Sha512, 700_000, 32, 64)];
        var decoys = new Decoys(users, Key);

        var drawn = Names().Select(name => Shape(decoys.For(name))).CountBy(shape => shape).ToDictionary();

        Assert.Equal(users.Select(Shape).ToHashSet(), drawn.Keys.ToHashSet());
        Assert.InRange(drawn[Shape(users[0])], 400, 600); // Of 1000, a half expected: 6 deviations to each side.
        Assert.InRange(drawn[Shape(users[2])], 160, 340);
        Assert.InRange(drawn[Shape(users[3])], 160, 340);
    }

    [Fact]
    public void One_name_keeps_its_cost_and_another_process_draws_another()
    {
        string[] users = [Hash(Sha256, 600_000, 16, 32), Hash(Sha512, 700_000, 16, 32)];
        var (first, again, other) = (new Decoys(users, Key), new Decoys(users.Reverse(), Key), new Decoys(users, OtherKey));

        Assert.All(Names(), name => Assert.Equal(Shape(first.For(name)), Shape(again.For(name))));
        Assert.InRange(Names().Count(name => Shape(first.For(name)) != Shape(other.For(name))), 400, 600);
    }

    [Fact]
    public void One_user_more_changes_the_cost_of_few_names()
    {
        string[] users = [.. Enumerable.Repeat(Hash(Sha256, 600_000, 16, 32), 50), .. Enumerable.Repeat(Hash(Sha512, 700_000, 16, 32), 50)];
        var (before, after) = (new Decoys(users, Key), new Decoys([.. users, Hash(Sha512, 700_000, 16, 32)], Key));

        Assert.InRange(Names().Count(name => Shape(before.For(name)) != Shape(after.For(name))), 0, 30);
    }

    [Fact]
    public void Without_users_a_decoy_costs_as_a_new_hash()
    {
        Assert.Equal(Shape(Passwords.Hash("correct horse 42")), Shape(new Decoys([], Key).For("nobody")));
    }

    [Fact]
    public void No_password_matches_a_decoy()
    {
        var hash = Passwords.Hash("correct horse 42");

        Assert.True(Passwords.IsMatch(hash, "correct horse 42"));
        Assert.False(Passwords.IsMatch(new Decoys([hash], Key).For("nobody"), "correct horse 42"));
    }

    private static IEnumerable<string> Names() => Enumerable.Range(0, 1000).Select(i => $"name{i}");

    private static string Hash(uint prf, uint iterations, int saltLength, int hashLength)
    {
        var bytes = new byte[13 + saltLength + hashLength];
        bytes[0] = 1;
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(1), prf);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(5), iterations);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(9), saltLength);
        return Convert.ToBase64String(bytes);
    }

    /// <summary>All that the time of a check depends on.</summary>
    private static (string Header, int Length) Shape(string hash)
    {
        var bytes = Convert.FromBase64String(hash);
        return (Convert.ToHexString(bytes.AsSpan(0, 13)), bytes.Length);
    }
}
