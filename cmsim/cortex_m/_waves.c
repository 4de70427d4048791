/* GPIO inputs that are functions of time: a read of IN is answered here while nothing but time changes.
 *
 * Firmware that captures a camera's picture looks at its pins millions of times a second. Python says what a port reads
 * apart from the wires of a wave, and which raster drives those; any change of either makes Python answer again, and
 * so does a new frame, whose picture is taken then, and a moment at which an alarm is due.
 *
 * Mirrored in cmsim/raster.py; inputs.py checks the sizes of the structures at import.
 */
#include "module.h"

#include <stdint.h>
#include <unicorn/unicorn.h>

enum { RASTER_ASK, RASTER_STILL, RASTER_RUNS };
enum { PCLK = 8, HREF = 9, VSYNC = 10, DATA = 0xFF };

/* Lines and frames of bytes with a pixel clock: D0-D7 are wires 0 to 7. */
struct raster {
    uint64_t origin;       /* the cycle at which frame 0 began */
    uint64_t frame;        /* whose bytes `data` has */
    const uint8_t *data;
    const int32_t *rows;   /* for each line where its row begins in `data`; -1: none */
    uint32_t state;        /* RASTER_... */
    uint32_t numerator, denominator; /* half slots in a cycle; a slot is the time of a byte with PCLK undivided */
    uint32_t line_slots, frame_lines;
    uint32_t first, row_slots; /* of a line: where its row begins, how long that is */
    uint32_t shift;        /* binary logarithm of the slots of a byte */
    uint32_t vsync_lines, gated, inverted;
    uint32_t bytes_read;   /* of the frame */
    uint32_t first_byte, last_byte; /* that was read */
    /* The line that was looked at last; span 0: none. */
    uint32_t span, line;
    int32_t row;
    uint64_t start, line_frame;
};

/* What a port reads. */
struct input_port {
    uint32_t offset;       /* of IN, from the base of the page */
    uint32_t known;        /* 0: Python must be asked */
    uint32_t levels;       /* of the other pins */
    uint32_t wires, count; /* a mask, and how many */
    uint8_t wire[32], pin[32];
    struct raster *raster;
};

/* Begins like `struct window` of _devices.c: also the user of the page's writes. */
struct inputs {
    void *clock;
    uint32_t base;
    uint32_t count;
    struct input_port *const *ports;
    const uint64_t *now, *deadline;
    uint64_t (*inner)(uc_engine *, uint64_t, unsigned, void *);
};

static void locate(struct raster *raster, uint64_t half)
{
    uint64_t line = half / 2 / raster->line_slots;
    raster->line_frame = line / raster->frame_lines;
    raster->line = (uint32_t)(line % raster->frame_lines);
    raster->row = raster->rows[raster->line];
    raster->start = line * raster->line_slots * 2;
    raster->span = raster->line_slots * 2;
}

/* The levels of all wires; 0 if Python must be asked. */
static int look(struct raster *raster, uint64_t now, uint32_t wires, uint32_t *levels)
{
    if (raster->state != RASTER_RUNS || now < raster->origin) {
        *levels = raster->inverted;
        return raster->state == RASTER_STILL;
    }
    uint64_t since = now - raster->origin, denominator = raster->denominator;
    uint64_t half = since / denominator * raster->numerator + since % denominator * raster->numerator / denominator;
    if (half - raster->start >= raster->span)
        locate(raster, half);
    uint32_t at = (uint32_t)(half - raster->start);
    uint32_t place = at / 2 - raster->first; /* wraps around in front of the row */
    if (raster->row >= 0 && place < raster->row_slots) {
        if (raster->line_frame != raster->frame)
            return 0;
        uint32_t byte = (uint32_t)raster->row + (place >> raster->shift);
        uint32_t pclk = (at - 2 * raster->first) >> raster->shift & 1;
        *levels = (raster->data[byte] | pclk << PCLK | 1u << HREF) ^ raster->inverted;
        if (wires & DATA && byte != raster->last_byte) {
            raster->last_byte = byte;
            if (raster->bytes_read++ == 0)
                raster->first_byte = byte;
        }
        return 1;
    }
    uint32_t level = (uint32_t)(raster->line < raster->vsync_lines) << VSYNC;
    if (!raster->gated) /* `first` whole bytes more change no parity and let nothing be negative */
        level |= ((at + ((2 * raster->first) << raster->shift) - 2 * raster->first) >> raster->shift & 1) << PCLK;
    *levels = level ^ raster->inverted;
    return 1;
}

static uint64_t on_input_read(uc_engine *uc, uint64_t offset, unsigned size, void *user)
{
    struct inputs *inputs = user;
    if (*inputs->now < *inputs->deadline) {
        for (uint32_t i = 0; i < inputs->count; i++) {
            struct input_port *port = inputs->ports[i];
            uint32_t byte = (uint32_t)offset - port->offset, wires = 0;
            if (byte >= 4 || !port->known || !look(port->raster, *inputs->now, port->wires, &wires))
                continue;
            uint32_t levels = port->levels;
            for (uint32_t n = 0; n < port->count; n++)
                levels |= (wires >> port->wire[n] & 1) << port->pin[n];
            return (uint64_t)(levels >> 8 * byte) & (size == 4 ? 0xFFFFFFFFu : (1u << 8 * size) - 1);
        }
    }
    return inputs->inner(uc, offset, size, user);
}

int add_waves(PyObject *module)
{
    return ADDRESS(on_input_read) || SIZE(raster) || SIZE(input_port) || SIZE(inputs);
}
