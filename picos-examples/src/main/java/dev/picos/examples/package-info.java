/** Programs to run, and the code that the documentation shows. */
package dev.picos.examples;
