using TokenSessions.Issuing.Stores;
using TokenSessions.Validation.Denylist;

namespace TokenSessions.Tests.Stores;

public abstract partial class SessionStoreContract
{
    [Fact]
    public async Task Lists_the_live_rules_of_one_issuer_each_once_page_by_page()
    {
        for (var i = 0; i < 7; i++)
        {
            await DenyAsync(Key(RuleKind.Token, $"t{i}"));
            await DenyAsync(Key(RuleKind.Subject, $"user{i}"));
        }

        await DenyAsync(Key(RuleKind.All));
        await DenyAsync(Key(RuleKind.Token, "t0") with { Issuer = "https://other.example" });
        await Store.DenyAsync(NewDenial(Key(RuleKind.Token, "short")) with { ExpiresAt = Now + TimeSpan.FromMinutes(1) }, Cancel);
        await Store.AdvanceAsync(NewAdvance(Key(RuleKind.Session, "refreshed only"), 0), Cancel);
        Time.Advance(TimeSpan.FromMinutes(1));

        var keys = await ListAsync(limit: 4);

        Assert.Equal(15, keys.Count);
        Assert.Equal(15, keys.Distinct().Count());
        Assert.All(keys, key => Assert.Equal(Issuer, key.Issuer));
        Assert.DoesNotContain(Key(RuleKind.Token, "short"), keys);
        Assert.Equal(keys, await ListAsync(limit: 1));
        Assert.Equal(keys, await ListAsync(limit: 1000));
        Assert.Equal(keys, await ListAsync(limit: 15));
    }

    [Fact]
    public async Task A_list_of_nothing_is_one_empty_page()
    {
        var page = await Store.ListAsync(Issuer, null, 1, Cancel);

        Assert.Empty(page.Items);
        Assert.Null(page.Continuation);
    }

    private async Task<List<AuthorityKey>> ListAsync(int limit)
    {
        var keys = new List<AuthorityKey>();
        string? continuation = null;
        do
        {
            var page = await Store.ListAsync(Issuer, continuation, limit, Cancel);
            Assert.InRange(page.Items.Count, 0, limit);
            Assert.All(page.Items, item => Assert.True(item.IsDenied));
            keys.AddRange(page.Items.Select(item => item.Key));
            continuation = page.Continuation;
        }
        while (continuation is not null);

        return keys;
    }
}
