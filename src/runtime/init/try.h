// The value of a Result, or return its failure from the function around it.
#pragma once

#define TRY(expression)                                  \
    __extension__({                                      \
        ::ocirt::init::Result try_result = (expression); \
        if (!try_result.ok()) return try_result;         \
        try_result.value;                                \
    })
