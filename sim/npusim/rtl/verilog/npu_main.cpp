// The clock of npu_harness under Verilator, and its waveform: +waves=FILE.fst, +waves_from=CYCLE, +waves_to=CYCLE
// (cycles since reset, as the harness counts them).
#include <cstdlib>
#include <memory>
#include <string>

#include "Vnpu_harness.h"
#include "verilated.h"
#if VM_TRACE
#include "verilated_fst_c.h"
#endif

static long long number(VerilatedContext& context, const char* name, long long absent) {
    const std::string found = context.commandArgsPlusMatch(name);
    const auto sign = found.find('=');
    return sign == std::string::npos ? absent : std::atoll(found.c_str() + sign + 1);
}

int main(int argc, char** argv) {
    const auto context = std::make_unique<VerilatedContext>();
    context->commandArgs(argc, argv);
#if VM_TRACE
    context->traceEverOn(true);
#endif
    const auto top = std::make_unique<Vnpu_harness>(context.get());
#if VM_TRACE
    VerilatedFstC trace;
    const std::string waves = context->commandArgsPlusMatch("waves=");
    const long long from = number(*context, "waves_from=", 0), to = number(*context, "waves_to=", -1);
    if (!waves.empty()) {
        top->trace(&trace, 99);
        trace.open(waves.c_str() + waves.find('=') + 1);
    }
#endif
    for (long long cycle = 0; !context->gotFinish(); ++cycle) {
        for (const int level : {1, 0}) {
            top->clk = level;
            top->eval();
#if VM_TRACE
            if (!waves.empty() && cycle >= from && (to < 0 || cycle <= to)) trace.dump(context->time());
#endif
            context->timeInc(5);
        }
    }
    top->final();
#if VM_TRACE
    if (!waves.empty()) trace.close();
#endif
    return 0;
}
