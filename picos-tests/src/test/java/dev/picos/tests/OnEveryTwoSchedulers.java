package dev.picos.tests;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ArgumentsSource;

/**
 * A test of what any two schedulers must show together, also two of the same kind. Every pair comes
 * in one of its orders.
 */
@Documented
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@ParameterizedTest(name = "{0}, {1}")
@ExtendWith(Schedulers.Failures.class)
@ArgumentsSource(Schedulers.EachTwo.class)
public @interface OnEveryTwoSchedulers {}
