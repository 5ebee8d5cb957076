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
