#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "platform.h"

#if GS_HAVE_TRACER
#include <elf.h>
#include <link.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "slots.h"

#if defined(__x86_64__)
#define JUMP_SLOT R_X86_64_JUMP_SLOT
#define GLOB_DAT R_X86_64_GLOB_DAT
#else
#define JUMP_SLOT R_AARCH64_JUMP_SLOT
#define GLOB_DAT R_AARCH64_GLOB_DAT
#endif

typedef struct {
    const void *inside;
    uintptr_t base, relro, relro_end;
    const ElfW(Phdr) * headers;
    int header_count;
    const ElfW(Dyn) * dynamic;
} object;

typedef struct {
    const ElfW(Rela) * first;
    size_t count;
} relocations;

/* Is it in a part of the object that has these rights? */
static int is_in_part(const object *o, uintptr_t address, ElfW(Word) rights) {
    for (int i = 0; i < o->header_count; i++) {
        const ElfW(Phdr) *h = &o->headers[i];
        int has = h->p_type == PT_LOAD && (h->p_flags & rights) == rights;
        if (has && address - (o->base + h->p_vaddr) < h->p_memsz) return 1;
    }
    return 0;
}

static int is_inside(const object *o, const void *address) {
    return is_in_part(o, (uintptr_t)address, 0);
}

/* As the dynamic linker rounds it (_dl_protect_relro): a page that holds other data too stays writable. */
static void set_relro(object *o, const ElfW(Phdr) * header) {
    uintptr_t page = ~((uintptr_t)sysconf(_SC_PAGESIZE) - 1);
    o->relro = (o->base + header->p_vaddr) & page;
    o->relro_end = (o->base + header->p_vaddr + header->p_memsz) & page;
}

static int fill_if_inside(struct dl_phdr_info *info, size_t size, void *data) {
    object *o = data;
    (void)size;
    o->base = info->dlpi_addr;
    o->headers = info->dlpi_phdr;
    o->header_count = info->dlpi_phnum;
    if (!is_inside(o, o->inside)) return 0;
    for (int i = 0; i < o->header_count; i++) {
        if (o->headers[i].p_type == PT_DYNAMIC) o->dynamic = (const ElfW(Dyn) *)(o->base + o->headers[i].p_vaddr);
        if (o->headers[i].p_type == PT_GNU_RELRO) set_relro(o, &o->headers[i]);
    }
    return 1;
}

/* A value of the dynamic section, 0 if it is not there. */
static uintptr_t dynamic_value(const object *o, ElfW(Sxword) tag) {
    for (const ElfW(Dyn) *d = o->dynamic; d->d_tag != DT_NULL; d++) {
        if (d->d_tag == tag) return d->d_un.d_val;
    }
    return 0;
}

/* Likewise an address, which glibc has moved by the base already; other dynamic linkers do not. */
static uintptr_t dynamic_address(const object *o, ElfW(Sxword) tag) {
    uintptr_t value = dynamic_value(o, tag);
    return value && value < o->base ? value + o->base : value;
}

static relocations relocations_of(const object *o, ElfW(Sxword) table, ElfW(Sxword) bytes) {
    return (relocations){(const ElfW(Rela) *)dynamic_address(o, table), dynamic_value(o, bytes) / sizeof(ElfW(Rela))};
}

static void find_slots(const object *o, relocations table, gs_import *import) {
    const ElfW(Sym) *symbols = (const ElfW(Sym) *)dynamic_address(o, DT_SYMTAB);
    const char *names = (const char *)dynamic_address(o, DT_STRTAB);
    for (size_t i = 0; table.first && i < table.count; i++) {
        const ElfW(Rela) *r = &table.first[i];
        unsigned type = ELF64_R_TYPE(r->r_info);
        if (type != JUMP_SLOT && type != GLOB_DAT) continue;
        if (strcmp(names + symbols[ELF64_R_SYM(r->r_info)].st_name, import->name) != 0) continue;
        if (import->count < GS_MAX_SLOTS) import->slots[import->count++] = (void **)(o->base + r->r_offset);
    }
}

static const char *find(gs_import *imports, int count, const object *o) {
    for (int i = 0; i < count; i++) {
        imports[i].count = 0;
        find_slots(o, relocations_of(o, DT_JMPREL, DT_PLTRELSZ), &imports[i]);
        find_slots(o, relocations_of(o, DT_RELA, DT_RELASZ), &imports[i]);
        if (imports[i].count == 0) return "this Python calls libc in a way that the tracer does not know";
    }
    return NULL;
}

/* A slot that was never called through holds the address of a stub in its own object, which would put the real function into
 * the slot, over the hook. Then `real` stays what the linker found for us under the same name. */
static const char *resolve(gs_import *imports, int count, const object *o) {
    for (int i = 0; i < count; i++) {
        for (int j = 0; j < imports[i].count; j++) {
            void *held = imports[i].before[j] = __atomic_load_n(imports[i].slots[j], __ATOMIC_RELAXED);
            if (!is_inside(o, held)) __atomic_store_n(&imports[i].real, held, __ATOMIC_RELAXED);
        }
        if (is_inside(o, imports[i].real)) return "libc's functions cannot be told from this Python's stubs for them";
    }
    return NULL;
}

static const char *set_slot(const object *o, void **slot, void *value) {
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    void *page = (void *)((uintptr_t)slot & ~(size - 1));
    int protected = (uintptr_t)slot >= o->relro && (uintptr_t)slot < o->relro_end;
    if (protected && mprotect(page, size, PROT_READ | PROT_WRITE) != 0)
        return "the system forbids to write to relocated memory";
    __atomic_store_n(slot, value, __ATOMIC_RELEASE);
    if (protected) mprotect(page, size, PROT_READ);
    return NULL;
}

/* Besides what it held before, a slot can hold the real function again: a thread was just about to be bound to it. */
static const char *set_slots(const object *o, gs_import *import) {
    const char *error = NULL;
    for (int j = 0; j < import->count && !error; j++) {
        void *held = __atomic_load_n(import->slots[j], __ATOMIC_RELAXED);
        if (held == import->before[j] || held == import->real) error = set_slot(o, import->slots[j], import->hook);
    }
    return error;
}

static const char *find_object(object *o, const void *inside) {
    *o = (object){.inside = inside};
    if (!dl_iterate_phdr(fill_if_inside, o) || !o->dynamic)
        return "this Python is not an ELF object of the dynamic linker's";
    return NULL;
}

int gs_is_code(const void *inside, uintptr_t address) {
    object o;
    return !find_object(&o, inside) && is_in_part(&o, address, PF_X);
}

const char *gs_hook(gs_import *imports, int count, const void *inside) {
    object o;
    const char *error = find_object(&o, inside);
    if (!error && imports[0].count == 0) {
        error = find(imports, count, &o);
        if (!error) error = resolve(imports, count, &o);
        if (error) imports[0].count = 0;
    }
    for (int i = 0; i < count && !error; i++) error = set_slots(&o, &imports[i]);
    if (error) gs_unhook(imports, count, inside);
    return error;
}

void gs_unhook(gs_import *imports, int count, const void *inside) {
    object o;
    if (find_object(&o, inside)) return;
    for (int i = 0; i < count; i++) {
        for (int j = 0; j < imports[i].count; j++) {
            if (__atomic_load_n(imports[i].slots[j], __ATOMIC_RELAXED) == imports[i].hook) {
                set_slot(&o, imports[i].slots[j], imports[i].before[j]);
            }
        }
    }
}
#endif
