/** Fibers in a Spring Boot application: see {@link PicosAutoConfiguration}. */
@NullMarked
package dev.picos.spring.boot;

import org.jspecify.annotations.NullMarked;
