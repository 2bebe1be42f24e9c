/* out = x in ascending order, NaNs last: quicksort, in place.
 *
 * Splitting takes no branch on a comparison, which the processor could only guess. An input on which splits stay lopsided
 * gets heapsort instead, so none is quadratic; the recursion takes the smaller part, so it is at most log2 n deep. */
#include "gilscope/kernels.h"

#define FEW 16 /* numbers are sorted by insertion */

static void insertion_sort(double *a, ptrdiff_t count) {
    for (ptrdiff_t i = 1, j; i < count; i++) {
        double value = a[i];
        for (j = i; j > 0 && value < a[j - 1]; j--) a[j] = a[j - 1];
        a[j] = value;
    }
}

static void sift(double *heap, ptrdiff_t parent, ptrdiff_t count) {
    double value = heap[parent];
    for (ptrdiff_t child; (child = 2 * parent + 1) < count; parent = child) {
        if (child + 1 < count && heap[child] < heap[child + 1]) child++;
        if (heap[child] <= value) break;
        heap[parent] = heap[child];
    }
    heap[parent] = value;
}

static void heapsort(double *a, ptrdiff_t count) {
    for (ptrdiff_t parent = count / 2; parent-- > 0;) sift(a, parent, count);
    while (count-- > 1) {
        double largest = a[0];
        a[0] = a[count];
        sift(a, 0, count);
        a[count] = largest;
    }
}

static inline double median(double a, double b, double c) {
    double low = a < b ? a : b, high = a < b ? b : a;
    return c < low ? low : c < high ? c : high;
}

/* The median of three, or of three medians of three; itself one of the numbers. */
static double choose_pivot(const double *a, ptrdiff_t count) {
    ptrdiff_t half = count / 2, step = count / 8, last = count - 1;
    if (count < 128) return median(a[0], a[half], a[last]);
    return median(median(a[0], a[step], a[2 * step]), median(a[half - step], a[half], a[half + step]),
                  median(a[last - 2 * step], a[last - step], a[last]));
}

/* Moves the numbers below the pivot, or with `equal` those up to it, to the front; returns how many they are. */
static inline ptrdiff_t split(double *a, ptrdiff_t count, double pivot, int equal) {
    ptrdiff_t front = 0;
    for (ptrdiff_t i = 0; i < count; i++) {
        double value = a[i];
        a[i] = a[front];
        a[front] = value;
        front += equal ? value <= pivot : value < pivot;
    }
    return front;
}

static void quicksort(double *a, ptrdiff_t count, int splits) {
    while (count > FEW) {
        if (splits-- == 0) {
            heapsort(a, count);
            return;
        }
        double pivot = choose_pivot(a, count);
        ptrdiff_t front = split(a, count, pivot, 0);
        if (front == 0) { /* the pivot is the smallest: all that equal it are in place together */
            front = split(a, count, pivot, 1);
        } else if (front <= count / 2) {
            quicksort(a, front, splits);
        } else {
            quicksort(a + front, count - front, splits);
            count = front;
            continue;
        }
        a += front;
        count -= front;
    }
    insertion_sort(a, count);
}

GS_LOOP(sort, f64) {
    const double *x = task->in[0];
    double *out = task->out;
    ptrdiff_t count = 0, nans = stop;
    int splits = 0;
    for (ptrdiff_t i = start; i < stop; i++) {
        if (x[i] == x[i])
            out[count++] = x[i];
        else
            out[--nans] = x[i];
    }
    for (ptrdiff_t half = count; half > 0; half /= 2) splits += 2;
    quicksort(out, count, splits);
}
