# The module is loaded by nginx, knows its own directives, and leaves alone what
# it is not asked to guard.

use lib 't/lib';
use Blocks;
use ScopedKey;
use Visit;

run_tests();

__DATA__

=== TEST 1: a location with scoped_key off is open
--- config
    location = /open {
        scoped_key off;
        return 200 "open";
    }
--- request
    GET /open
--- error_code: 200
--- response_body: open



=== TEST 2: a location that says nothing is open
--- config
    location = /silent {
        return 200 "silent";
    }
--- request
    GET /silent
--- error_code: 200
--- response_body: silent



=== TEST 3: the directive is the module's own and reads its value
--- config
    location = /wrong {
        scoped_key perhaps;
    }
--- must_die
--- error_log
[emerg]
scoped_key
perhaps



=== TEST 4: the log says which version of the module it is
--- guard
--- story
open my $header, '<', 'src/core/version.h' or die "version.h: $!\n";
my ($version) = join('', <$header>) =~ /SCOPED_KEY_VERSION  "([\d.]+)"/;
ok($version, 'the source has a version');
ok(error_log_has(qr/\[notice\].* scoped key: version \Q$version\E$/m),
   'it is in the log');
linked();
logged(qr/\[notice\].* scoped key: all links to redis ".*" \(.*\) are up$/m, 1,
   'and so is, once, that the worker hears of changes');
redis('CLIENT', 'KILL', 'TYPE', 'pubsub');
logged(qr/redis tracking link to .* is up again$/m, 1, 'a link that was lost');
logged(qr/are up$/m, 1, 'does not say it a second time');



=== TEST 5: a configuration that does not use the module says nothing of it
--- config
    location = /open {
        return 200 "open";
    }
--- request
    GET /open
--- error_code: 200
--- no_error_log
scoped key: version
